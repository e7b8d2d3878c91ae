import { createHash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';
import { describe, expect, it } from 'vitest';
import { CommittedFilter } from '../../../../src/brokers/kafka/wire/index.ts';
import { murmur2, partitionOf } from '../../../../src/core/murmur2.ts';
import { asText, readAll, writeAll } from './records.ts';
import { recordsOf, VECTORS } from './vectors/load.ts';

const PRODUCER = { id: 2 ** 40 + 5, epoch: 7, transactional: true };

/** Compressed blocks are not unique, and the leader writes the time of appending: those are read, not compared. */
const written = VECTORS.batches.filter(({ name }) => !/^(packed|blocks)-(?!none)|append-time/.test(name));
const readable = VECTORS.batches.filter(({ hex }) => hex !== undefined);

describe('bytes of the Java client', () => {
  it.each(written.map((vector) => [vector.name, vector] as const))('%s is written byte for byte', (_, vector) => {
    const batches = writeAll(recordsOf(vector), { batchBytes: 8 * 1024 * 1024 });
    expect(batches).toHaveLength(1);
    const sealed = vector.producer === true ? batches[0]!.seal(PRODUCER, 2 ** 31 - 2) : batches[0]!.seal();
    if (vector.hex !== undefined) expect(sealed.toString('hex')).toBe(vector.hex);
    else expect(createHash('sha256').update(sealed).digest('hex')).toBe(vector.sha256);
  });

  it.each(readable.map((vector) => [vector.name, vector] as const))('%s is read as it was', (_, vector) => {
    const expected = recordsOf(vector);
    const { records, next } = readAll(Buffer.from(vector.hex ?? '', 'hex'));
    expect(records.map(asText)).toEqual(expected.map(asText));
    expect(next).toBe((vector.base ?? 0) + expected.length);
  });

  it('covers every codec, in one block and in several', () => {
    const names = readable.map(({ name }) => name);
    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'])
      expect(names).toEqual(expect.arrayContaining([`packed-${codec}`, `blocks-${codec}`]));
  });

  it.each(VECTORS.markers)('a marker ($type) gives no record, moves the position and ends its producer', ({ hex }) => {
    const committed = new CommittedFilter([{ producerId: 77, firstOffset: 10 }]);
    expect(committed.isAborted(77, true, 20)).toBe(true);
    expect(readAll(Buffer.from(hex, 'hex'), { committed })).toEqual({ records: [], next: 42 });
    expect(committed.isAborted(77, true, 50)).toBe(false);
  });

  it('murmur2 of keys, and their partition of 12', () => {
    for (const [hex, hash, partition] of VECTORS.murmur2) {
      const key = Buffer.from(hex, 'hex');
      expect([hex, murmur2(key), partitionOf(key, 12)]).toEqual([hex, hash, partition]);
    }
  });

  it('crc32c', () => {
    for (const [hex, sum] of VECTORS.crc32c) expect([hex, crc32c(Buffer.from(hex, 'hex'))]).toEqual([hex, sum]);
  });
});
