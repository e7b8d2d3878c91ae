import { expect, it } from 'vitest';
import { attemptHeader } from '../../src/core/outgoing-headers.ts';
import { DataRecord, fixedHeaders } from '../../src/core/record.ts';
import { KeyCheck } from '../../src/runtime/key-check.ts';
import { jsonCodec } from '../../src/testing/json-codec.ts';
import { Frame } from '../../src/topology/frame.ts';

const input = {
  topics: ['raw'],
  format: 'json',
  codec: jsonCodec,
  latenessMs: 0,
  start: 'earliest',
  internal: false,
} as const;
const source = { topic: 'raw', partition: 0 };
const record = (key: string, id: string, attempt = 0) => {
  const headers = fixedHeaders(attempt === 0 ? [] : [attemptHeader(attempt)]);
  return new DataRecord({
    source,
    offset: 7,
    key: Buffer.from(key),
    headers,
    payload: JSON.stringify({ id }),
    codec: jsonCodec,
  });
};
const frame = () => new Frame({ roots: [], edgeCount: 1, portCount: 1 });

it('stops at a key that differs by a letter, its length or its case', () => {
  const check = KeyCheck.of({ ...input, key: ['id'], keyMismatch: 'stop' })!;
  check.check(record('abc', 'abc'), frame(), 0);
  for (const key of ['abd', 'ab', 'abcd', 'ABC', ''])
    expect(() => check.check(record(key, 'abc'), frame(), 0)).toThrow(/offset 7/);
});

it('tells of a record that came back with another key, and does not stop for it', () => {
  const check = KeyCheck.of({ ...input, key: ['id'], keyMismatch: 'stop' })!;
  const made = frame();
  const back = record('old', 'mended', 2);
  check.check(back, made, 0);
  expect(made.events.map(({ type }) => type)).toEqual(['key.mismatch']);
  expect(back.findings.map(({ rule }) => rule)).toEqual(['key-mismatch']);
});

it('does not ask of inputs without a declared key, and of what the engine itself has keyed', () => {
  expect(KeyCheck.of({ ...input, keyMismatch: 'stop' })).toBeUndefined();
  expect(KeyCheck.of({ ...input, key: ['id'], keyMismatch: 'stop', internal: true })).toBeUndefined();
});
