import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputSink } from '../../../src/brokers/kafka/input-sink.ts';
import { PassageReader, passageText } from '../../../src/brokers/kafka/passage.ts';
import { REPLAY_HEADER, type ReplayMark, ReplayMarks } from '../../../src/brokers/kafka/replay-mark.ts';
import { attemptOf } from '../../../src/core/outgoing-headers.ts';
import { fixedHeaders, type Header } from '../../../src/core/record.ts';
import { jsonCodec } from '../../../src/formats/json/codec.ts';

const OLD = 'the key of last year, long';
const NEW = 'the key of this year, long';
const mark: ReplayMark = {
  attempt: 2,
  origin: { topic: 'raw', partition: 1, offset: 40, index: 3 },
  step: 'sane',
  run: 'replay-1',
};
const record = { key: Buffer.from('k'), value: Buffer.from('{"n":1}') };
const header = (value: Uint8Array): Header => ({ name: REPLAY_HEADER, value });

describe('a mark', () => {
  it('is 32 bytes of HMAC-SHA256 over topology, JSON, key and value with their lengths, and the JSON', () => {
    const signed = Buffer.from(new ReplayMarks('shop', [NEW]).sign(mark, { key: null, value: 'v' }));
    const json = Buffer.from(JSON.stringify(mark));
    const length = (n: number) => Buffer.from(Uint32Array.of(n).buffer); // little endian, as this machine
    const parts = [
      length(4),
      Buffer.from('shop'),
      length(json.length),
      json,
      length(0xffffffff),
      length(1),
      Buffer.from('v'),
    ];
    const expected = createHmac('sha256', NEW).update(Buffer.concat(parts)).digest();
    expect(signed.subarray(0, 32)).toEqual(expected);
    expect(signed.subarray(32)).toEqual(json);
  });

  it('signed by the first key is believed by whoever has it, wherever it stands in the list', () => {
    const signed = header(new ReplayMarks('shop', [NEW, OLD]).sign(mark, record));
    expect(new ReplayMarks('shop', [OLD, NEW]).read(signed, record)).toEqual(mark);
    expect(new ReplayMarks('shop', [OLD]).read(signed, record)).toBeUndefined();
    expect(new ReplayMarks('shop', []).read(signed, record)).toBeUndefined();
  });

  it.each([
    ['another topology', 'other', record],
    ['another key', 'shop', { ...record, key: Buffer.from('j') }],
    ['no key', 'shop', { ...record, key: null }],
    ['another value', 'shop', { ...record, value: Buffer.from('{"n":2}') }],
    ['bytes that moved from key to value', 'shop', { key: Buffer.from(''), value: Buffer.from('k{"n":1}') }],
  ])('does not count for %s', (_, topology, other) => {
    const signed = header(new ReplayMarks('shop', [NEW]).sign(mark, record));
    expect(new ReplayMarks(topology, [NEW]).read(signed, other)).toBeUndefined();
  });

  it('with any byte changed, or of any other bytes, counts for nothing', () => {
    const marks = new ReplayMarks('shop', [NEW]);
    const signed = marks.sign(mark, record);
    fc.assert(
      fc.property(fc.nat(signed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const forged = Buffer.from(signed);
        forged[at] = (forged[at] ?? 0) ^ change;
        return marks.read(header(forged), record) === undefined;
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => marks.read(header(bytes), record) === undefined),
    );
    expect(marks.read({ name: REPLAY_HEADER, value: null }, record)).toBeUndefined();
  });
});

describe('an input with records that came back', () => {
  const input = { topic: 'raw', codec: jsonCodec() };
  const marks = new ReplayMarks('shop', [NEW]);
  const signed = header(marks.sign(mark, record));

  function sinkAt(partition: number) {
    const refused: number[] = [];
    const sink = new InputSink({ topic: 'raw', partition }, input, () => 1000, {
      marks,
      onRefused: (offset) => refused.push(offset),
    });
    const add = (offset: number, headers: readonly Header[]) =>
      sink.record(offset, 5, record.key, record.value, fixedHeaders(headers));
    return { sink, add, refused };
  }

  it('gives them the origin and the attempts they had, at the positions where they stand', () => {
    const { sink, add, refused } = sinkAt(1);
    add(100, []);
    add(101, [{ name: 'own', value: Buffer.from('x') }, signed]);
    add(104, []);
    const { records, positions } = sink.take();
    expect(records.map(({ origin }) => origin.offset)).toEqual([100, 40, 104]);
    expect([...(positions ?? [])]).toEqual([100, 101, 104]);
    expect(records.map(attemptOf)).toEqual([0, 2, 0]);
    expect(records[1]?.origin).toEqual(mark.origin);
    expect(records[1]?.headers.entries().map(({ name }) => name)).toEqual(['own', 'sluice-attempt']);
    add(105, []);
    expect(sink.take().positions).toBeUndefined();
    expect(refused).toEqual([]);
  });

  it('takes one that was copied to another partition as new, and says so', () => {
    const { sink, add, refused } = sinkAt(0);
    add(7, [signed]);
    const [copied] = sink.take().records;
    expect(copied?.origin).toEqual({ topic: 'raw', partition: 0, offset: 7 });
    expect(attemptOf(copied as NonNullable<typeof copied>)).toBe(0);
    expect(refused).toEqual([7]);
  });

  it('keeps the attempts on the way through a repartition topic', () => {
    const { sink, add } = sinkAt(1);
    add(101, [signed]);
    add(102, []);
    const attempts = sink.take().records.map((one) => {
      const value = Buffer.from(passageText(one, { task: 't', time: 5 }));
      one.epochs = { drift: 3 };
      const epochs = { name: 'sluice-epochs', value: Buffer.from(JSON.stringify(one.epochs)) };
      const headers = [{ name: 'sluice-passage', value }, epochs];
      expect(new PassageReader().read(headers, { topic: 'between', offset: 0 }).epochs).toEqual({ drift: 3 });
      const passage = new PassageReader().read([{ name: 'sluice-passage', value }], { topic: 'between', offset: 0 });
      return [passage.attempt, passage.offset, passage.index];
    });
    expect(attempts).toEqual([
      [2, 40, 3],
      [0, 102, -1],
    ]);
  });
});
