import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODECS, CommittedFilter, RecordReader } from '../../../../src/brokers/kafka/wire/index.ts';
import { BrokerError } from '../../../../src/core/errors.ts';
import { placeAt, readAll, readSome, type WireRecord, writeAll } from './records.ts';

const CRC_AT = 17;
const ATTRIBUTES_AT = 21;

const plain = (count: number, size = 10) =>
  Array.from({ length: count }, (_, i) => ({
    timestamp: i,
    key: Buffer.from(`k${i}`),
    value: Buffer.alloc(size, i),
    headers: [],
  }));

function sealAgain(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT);
  return batch;
}

function errorOf(run: () => unknown): BrokerError {
  try {
    run();
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
  throw new Error('it did not throw');
}

describe('RecordReader', () => {
  it('names topic, partition and offset of a batch whose checksum is wrong, whatever bit was flipped', () => {
    const good = placeAt(writeAll(plain(3))[0]!.seal(), 41);
    for (let bit = ATTRIBUTES_AT * 8; bit < good.length * 8; bit += 7) {
      const batch = Buffer.from(good);
      batch[bit >> 3]! ^= 1 << (bit & 7);
      const error = errorOf(() => readAll(batch, { where: 'orders/3' }));
      expect(error.code).toBe('corrupt-batch');
      expect(error.message).toMatch(
        /batch at offset 41 of orders\/3 is damaged: its checksum is \d+, its bytes give \d+/,
      );
    }
  });

  it('gives what came before the damaged batch', () => {
    const [first, second] = [writeAll(plain(2))[0]!.seal(), placeAt(writeAll(plain(2))[0]!.seal(), 2)];
    second[70]! ^= 1;
    const reader = new RecordReader(Buffer.concat([first, second]), { where: 't/0', from: 0 });
    const records: WireRecord[] = [];
    expect(() => readSome(reader, records)).toThrow(BrokerError);
    expect(records).toHaveLength(2);
    expect(reader.next).toBe(2);
  });

  it.each([5, 6, 7])('names codec %i, that nobody knows', (codec) => {
    const batch = Buffer.from(writeAll(plain(3))[0]!.seal());
    batch.writeInt16BE(codec, ATTRIBUTES_AT);
    const error = errorOf(() => readAll(sealAgain(batch)));
    expect(error.code).toBe('unknown-codec');
    expect(error.message).toMatch(`codec ${codec}`);
  });

  it.each([0, 1])('refuses message format %i with its name', (magic) => {
    const batch = Buffer.from(writeAll(plain(3))[0]!.seal());
    batch[16] = magic;
    expect(errorOf(() => readAll(batch)).code).toBe('old-format');
  });

  it.each(CODECS.filter((codec) => codec !== 'none'))('unpacks %s up to the limit and not a byte beyond', (codec) => {
    const batch = writeAll(plain(1, 3_000_000), { codec })[0]!.seal();
    const whole = readAll(batch).records[0]!.value!.length;
    expect(whole).toBe(3_000_000);
    expect(readAll(batch, { maxUnpackedBytes: 3_000_100 }).records).toHaveLength(1);
    const error = errorOf(() => readAll(batch, { maxUnpackedBytes: 3_000_000 }));
    expect(error.code).toBe('batch-too-large');
    expect(error.message).toMatch(/more than 3000000 bytes/);
  });

  it.each(CODECS.filter((codec) => codec !== 'none'))('calls a %s block that is cut short damaged', (codec) => {
    const batch = writeAll(plain(500), { codec })[0]!.seal();
    const short = Buffer.from(batch.subarray(0, batch.length - 20));
    short.writeInt32BE(short.length - 12, 8);
    expect(errorOf(() => readAll(sealAgain(short))).code).toBe('corrupt-batch');
  });

  it('stops before a batch that the limit of the fetch tore', () => {
    const [first, second] = [writeAll(plain(2))[0]!.seal(), placeAt(writeAll(plain(2))[0]!.seal(), 2)];
    const both = Buffer.concat([first, second]);
    for (let length = first.length; length < both.length; length++) {
      const { records, next } = readAll(both.subarray(0, length));
      expect([records.length, next]).toEqual([2, 2]);
    }
    expect(readAll(both.subarray(0, 40))).toEqual({ records: [], next: 0 });
  });

  it('skips what lies before the wanted position, in batches that straddle it and whole ones', () => {
    const batches = [0, 10, 20].map((offset) => placeAt(writeAll(plain(10))[0]!.seal(), offset));
    for (let from = 0; from <= 30; from++) {
      const { records, next } = readAll(Buffer.concat(batches), { from });
      expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 30 - from }, (_, i) => from + i));
      expect(next).toBe(30);
    }
  });

  it('gives the same records in pieces of any size, and always knows its position', () => {
    const bytes = Buffer.concat([0, 7].map((offset) => placeAt(writeAll(plain(7))[0]!.seal(), offset)));
    for (let size = 1; size <= 15; size++) {
      const reader = new RecordReader(bytes, { where: 't/0', from: 0 });
      const records: WireRecord[] = [];
      while (readSome(reader, records, size) > 0) expect(reader.next).toBe(records.length);
      expect(records).toEqual(readAll(bytes).records);
    }
  });

  it('moves over an empty batch, as compaction leaves them', () => {
    const batch = Buffer.from(writeAll(plain(4))[0]!.seal().subarray(0, 61));
    batch.writeInt32BE(batch.length - 12, 8);
    batch.writeInt32BE(0, 57);
    expect(readAll(sealAgain(placeAt(batch, 100)))).toEqual({ records: [], next: 104 });
  });

  it('skips aborted batches', () => {
    const producer = { id: 9, epoch: 0, transactional: true };
    const batches = [0, 2, 4].map((offset) => placeAt(writeAll(plain(2))[0]!.seal(producer, offset), offset));
    const committed = new CommittedFilter([{ producerId: 9, firstOffset: 2 }]);
    const { records, next } = readAll(Buffer.concat(batches), { committed });
    expect(records.map(({ offset }) => offset)).toEqual([0, 1]);
    expect(next).toBe(6);
  });

  it('answers hostile bytes with records or a BrokerError, never with anything else', () => {
    const good = writeAll([
      ...plain(5),
      { timestamp: 1, key: null, value: null, headers: [{ name: 'h', value: null }] },
    ])[0]!.seal();
    const changes = fc.array(
      fc.tuple(fc.integer({ min: 57, max: good.length - 1 }), fc.integer({ min: 0, max: 255 })),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(changes, (list) => {
        const batch = Buffer.from(good);
        for (const [at, byte] of list) batch[at] = byte;
        const reader = new RecordReader(sealAgain(batch), { where: 't/0', from: 0 });
        try {
          reader.read({
            record: (_offset, _time, key, value) =>
              expect((key?.length ?? 0) + (value?.length ?? 0)).toBeLessThan(good.length),
          });
        } catch (error) {
          if (!(error instanceof BrokerError)) throw error;
        }
      }),
      { numRuns: 3000, seed: 8 },
    );
  });
});
