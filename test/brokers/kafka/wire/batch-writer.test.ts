import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BatchWriter,
  CODECS,
  headerName,
  nextSequence,
  WireHeaders,
} from '../../../../src/brokers/kafka/wire/index.ts';
import { kafkajsModule } from '../../../../src/brokers/kafka/wire/kafkajs.ts';
import { asText, placeAt, readAll, type WireRecord, writeAll } from './records.ts';

const NOTHING = Buffer.from('sluice-');
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const record = fc.record({
  timestamp: fc.oneof(fc.integer({ min: -1, max: 2 ** 41 }), fc.integer({ min: 1.7e12, max: 1.7e12 + 1000 })),
  key: fc.option(bytes(40)),
  value: fc.option(
    fc.oneof(
      bytes(300),
      fc.integer({ min: 0, max: 20_000 }).map((length) => Buffer.alloc(length, 7)),
    ),
  ),
  headers: fc.array(fc.record({ name: fc.string({ unit: 'grapheme', maxLength: 80 }), value: fc.option(bytes(90)) }), {
    maxLength: 70,
  }),
});

/** Sealed batches one behind the other, with the offsets a broker would give. */
function log(batches: ReturnType<typeof writeAll>): Buffer {
  let offset = 0;
  return Buffer.concat(
    batches.map((batch) => {
      const placed = placeAt(batch.seal(), offset);
      offset += batch.count;
      return placed;
    }),
  );
}

const numbered = (records: readonly Omit<WireRecord, 'offset'>[]) => records.map((r, offset) => ({ offset, ...r }));

describe('BatchWriter', () => {
  it.each(CODECS)('gives every record back, through %s and however small the batches', (codec) => {
    const property = fc.property(
      fc.array(record, { maxLength: 30 }),
      fc.integer({ min: 30_000, max: 60_000 }),
      (records, maxBytes) => {
        const batches = writeAll(records, { codec, maxBytes });
        for (const batch of batches) expect(batch.size).toBeLessThanOrEqual(maxBytes);
        expect(readAll(log(batches)).records.map(asText)).toEqual(numbered(records).map(asText));
      },
    );
    fc.assert(property, { numRuns: 25, seed: 5 });
  });

  it('is read by the decoder of kafkajs as by ours', async () => {
    const Decoder = kafkajsModule('protocol/decoder.js') as new (bytes: Buffer) => object;
    const decode = kafkajsModule('protocol/recordBatch/v0/decoder.js') as (decoder: object) => Promise<{
      readonly records: readonly { offset: string; timestamp: string; key: Buffer | null; value: Buffer | null }[];
    }>;
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), async (records) => {
        const theirs = await decode(new Decoder(log(writeAll(records))));
        expect(
          theirs.records.map(({ offset, timestamp, key, value }) => [Number(offset), Number(timestamp), key, value]),
        ).toEqual(numbered(records).map(({ offset, timestamp, key, value }) => [offset, timestamp, key, value]));
      }),
      { numRuns: 15, seed: 6 },
    );
  });

  it('writes a string as its UTF-8, whatever its length and alphabet', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { maxLength: 20 });
    fc.assert(
      fc.property(texts, (values) => {
        const writer = new BatchWriter({ maxBytes: 1e6, codec: 'none' });
        for (const value of values) {
          writer.begin(1, null, value);
          writer.header(headerName('h'), value);
          expect(writer.end()).toBe(true);
        }
        const read = readAll(log(writer.finish())).records;
        expect(read.map(({ value }) => value)).toEqual(values.map((value) => Buffer.from(value)));
        expect(read.map(({ headers }) => headers[0]?.value)).toEqual(values.map((value) => Buffer.from(value)));
      }),
      { numRuns: 30, seed: 7 },
    );
  });

  it('refuses a record too large for any batch and forgets it whole', () => {
    const writer = new BatchWriter({ maxBytes: 1000, codec: 'none' });
    const sizes = [10, 2000, 920, 940, 100, 905];
    const taken = sizes.map((size) => {
      writer.begin(5, Buffer.from('k'), Buffer.alloc(size, 1));
      return writer.end();
    });
    expect(taken).toEqual([true, false, true, false, true, true]);
    const batches = writer.finish();
    expect(batches.map((batch) => batch.count)).toEqual([1, 1, 1, 1]);
    expect(readAll(log(batches)).records.map(({ value }) => value?.length)).toEqual([10, 920, 100, 905]);
  });

  it('keeps batches near a megabyte where a topic takes far more, but for a lone record that needs it', () => {
    const sizes = [...Array(30).fill(100_000), 5_000_000, 100_000];
    const records = sizes.map((size) => ({ timestamp: 1, key: null, value: Buffer.alloc(size), headers: [] }));
    const batches = writeAll(records, { maxBytes: 50_000_000 });
    expect(batches.map((batch) => batch.count)).toEqual([9, 9, 9, 3, 1, 1]);
  });

  it('takes a record that only compression makes small enough, alone in its batch', () => {
    const [small, large] = [Buffer.from('small'), Buffer.alloc(50_000, 1)];
    const entry = (value: Buffer) => ({ timestamp: 1, key: null, value, headers: [] });
    const batches = writeAll([small, large, small].map(entry), { codec: 'zstd', maxBytes: 2000 });
    expect(batches.map((batch) => batch.count)).toEqual([1, 1, 1]);
    expect(readAll(log(batches)).records.map(({ value }) => value)).toEqual([small, large, small]);
    expect(() => writeAll([entry(large)], { codec: 'none', maxBytes: 2000 })).toThrow(/too large/);
  });

  it('copies headers byte for byte and leaves out those of the given prefix', () => {
    const foreign = [
      { name: 'a', value: Buffer.from([0, 255, 10]) },
      { name: 'sluice-origin', value: Buffer.from('x') },
      { name: 'a', value: null },
      { name: 'sluice', value: Buffer.alloc(0) },
      { name: 'sluice-findings', value: null },
    ];
    const fetched = readAll(writeAll([{ timestamp: 1, key: null, value: null, headers: foreign }])[0]!.seal(), {});
    const kept = foreign.filter(({ name }) => !name.startsWith('sluice-'));
    const asWire = new RecordingHeaders(foreign).wire();
    for (const headers of [asWire, { size: foreign.length, entries: () => fetched.records[0]!.headers }]) {
      const writer = new BatchWriter({ maxBytes: 1e6, codec: 'none' });
      writer.begin(1, null, null);
      writer.foreignHeaders(headers, NOTHING);
      writer.header(headerName('ours'), 'text');
      writer.end();
      const read = readAll(writer.finish()[0]!.seal()).records[0]!;
      expect(read.headers).toEqual([...kept, { name: 'ours', value: Buffer.from('text') }]);
    }
  });

  it('can be used again after finish, and says how much it holds', () => {
    const writer = new BatchWriter({ maxBytes: 500, codec: 'none' });
    expect(writer.finish()).toEqual([]);
    for (const round of [1, 2]) {
      expect(writer.size).toBe(0);
      for (let i = 0; i < 10; i++) {
        writer.begin(i, null, Buffer.alloc(100, round));
        writer.end();
      }
      expect(writer.size).toBeGreaterThan(1000);
      const values = readAll(log(writer.finish())).records.map(({ value }) => value?.[0]);
      expect(values).toEqual(Array(10).fill(round));
    }
  });

  it('writes -1 for no timestamp', () => {
    expect(
      readAll(writeAll([{ timestamp: Number.NaN, key: null, value: null, headers: [] }])[0]!.seal()).records[0]!
        .timestamp,
    ).toBe(-1);
  });
});

it('a sequence counts on from 0 after 2³¹ − 1, where kafkajs starts anew too early', () => {
  expect(nextSequence(0, 5)).toBe(5);
  expect(nextSequence(2 ** 31 - 1, 1)).toBe(0);
  expect(nextSequence(2 ** 31 - 3, 5)).toBe(2);
});

/** Header bytes as a fetch gives them. */
class RecordingHeaders {
  private readonly headers: WireRecord['headers'];

  constructor(headers: WireRecord['headers']) {
    this.headers = headers;
  }

  wire(): WireHeaders {
    const parts = this.headers.flatMap(({ name, value }) => [
      headerName(name),
      value === null ? Buffer.from([1]) : Buffer.concat([Buffer.from([value.length * 2]), value]),
    ]);
    return new WireHeaders(this.headers.length, Buffer.concat(parts));
  }
}
