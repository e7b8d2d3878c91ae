import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputSink } from '../../../src/brokers/kafka/input-sink.ts';
import { type Codec, RecordReader } from '../../../src/brokers/kafka/wire/index.ts';
import { FormatError } from '../../../src/core/errors.ts';
import type { DataRecord, Header } from '../../../src/core/record.ts';
import { jsonCodec } from '../../../src/formats/json/codec.ts';
import { placeAt, writeAll } from './wire/records.ts';

interface Sent {
  readonly value: string | null;
  readonly headers?: readonly Header[];
}

/** What an input makes of records that came in batches of `batchBytes`. */
function received(
  sent: readonly Sent[],
  { readsValues, codec = 'none', batchBytes = 1000 }: { readsValues: boolean; codec?: Codec; batchBytes?: number },
): readonly DataRecord[] {
  const batches = writeAll(
    sent.map(({ value, headers = [] }, i) => ({
      timestamp: i,
      key: Buffer.from(`k${i}`),
      value: value === null ? null : Buffer.from(value),
      headers,
    })),
    { codec, batchBytes },
  );
  let offset = 0;
  const placed = batches.map((batch) => {
    const bytes = placeAt(batch.seal(), offset);
    offset += batch.count;
    return bytes;
  });
  const sink = new InputSink({ topic: 't', partition: 0 }, { topic: 't', codec: jsonCodec() }, () => offset, {
    readsValues,
  });
  const reader = new RecordReader(Buffer.concat(placed), { where: 't/0', from: 0 });
  while (reader.read(sink, 7) > 0);
  return [...sink.take().records];
}

function told(record: DataRecord): unknown {
  const { payload, offset } = record;
  const bytes = payload == null ? payload : Buffer.from(payload as string).toString('latin1'); // or bytes: both have their bytes
  try {
    return { offset, bytes, data: record.data };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { offset, bytes, error: error.code };
  }
}

const line = (id: number, more = '') => `{"id":"${id}","name":"x${more}","n":${id % 10}}`;

describe('values read where they lie in a batch', () => {
  it('are text where their shape is known, and the same as without', () => {
    const sent = Array.from({ length: 600 }, (_, i) => ({ value: line(i, 'y'.repeat(i)) }));
    const records = received(sent, { readsValues: true, batchBytes: 150_000 });
    expect(records.filter(({ layout }) => layout !== undefined).length).toBe(599); // the first one is learned from
    expect(records.slice(1).every(({ payload }) => typeof payload === 'string')).toBe(true);
    expect(records.map(told)).toEqual(received(sent, { readsValues: false }).map(told));
  });

  it('end where they say: what stands behind one that was cut off is not part of it', () => {
    // right behind the value 17 headers are told by a quotation mark, and a name of 22 bytes by a comma
    const headers = Array.from({ length: 17 }, () => ({ name: '"n":1}'.padEnd(22), value: null }));
    const cut = { value: '{"id":"1","name":"x', headers };
    const sent = [{ value: line(1) }, { value: line(2) }, cut, { value: line(3) }];
    const records = received(sent, { readsValues: true });
    expect(told(records[2] as DataRecord)).toEqual({ offset: 2, bytes: cut.value, error: 'undecodable' });
    expect(records.map(told)).toEqual(received(sent, { readsValues: false }).map(told));
  });

  it('are the same as without, whatever comes', () => {
    const value = fc.oneof(
      { weight: 6, arbitrary: fc.nat().map((id) => line(id)) },
      { weight: 2, arbitrary: fc.nat(90).map((cutAt) => line(7, 'z'.repeat(80)).slice(0, cutAt)) },
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(null, '', '{}', '{"id":"é","name":"x","n":1}', line(5, 'w'.repeat(70_000))),
    );
    const headers = fc.array(fc.record({ name: fc.string({ maxLength: 5 }), value: fc.uint8Array({ maxLength: 9 }) }));
    fc.assert(
      fc.property(
        fc.array(fc.record({ value, headers }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom<Codec>('none', 'zstd'),
        (sent, codec) => {
          const plain = received(sent, { readsValues: false }).map(told);
          expect(received(sent, { readsValues: true, codec }).map(told)).toEqual(plain);
        },
      ),
    );
  });
});
