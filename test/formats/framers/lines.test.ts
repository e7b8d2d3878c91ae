import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DataRecord } from '../../../src/core/record.ts';
import { createCodec, makeFramer } from '../../../src/formats/index.ts';

const json = createCodec('json');

interface Given {
  readonly payload: string;
  readonly data: unknown;
  readonly bytes: number;
  readonly offset: number;
}

/** The records of a file that comes in chunks of these sizes, in turn; chunks lie in three buffers that take turns, as they do when a file is read. */
function frame(file: Buffer, sizes: readonly number[]): Given[] {
  const framer = makeFramer({ extension: 'ndjson', codec: json, path: 'x.ndjson' });
  const given: Given[] = [];
  const drain = () => {
    while (framer.next()) {
      const { payload, data, bytes, offset } = framer;
      given.push({
        payload: Buffer.from(payload as string).toString('latin1'),
        data: data ?? read(payload),
        bytes,
        offset,
      });
    }
  };
  const buffers = [0, 1, 2].map(() => Buffer.alloc(file.byteLength + 1));
  for (let at = 0, turn = 0; at < file.byteLength; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const buffer = buffers[turn % 3] as Buffer;
    buffer.fill(0x21);
    const length = file.copy(buffer, 0, at, at + size);
    framer.push(buffer.subarray(0, length));
    drain();
    at += length;
  }
  framer.finish();
  drain();
  return given;
}

function read(payload: DataRecord['payload']): unknown {
  try {
    return new DataRecord({ source: { topic: 't', partition: 0 }, offset: 0, payload, codec: json }).data;
  } catch {
    return 'undecodable';
  }
}

/** What the lines of a file are, by nothing but a search for line feeds. */
function oracle(file: Buffer): Given[] {
  const given: Given[] = [];
  let mark = file[0] === 0xef && file[1] === 0xbb && file[2] === 0xbf ? 3 : 0;
  for (let at = mark; at < file.byteLength; ) {
    const found = file.indexOf(10, at);
    const next = found < 0 ? file.byteLength : found + 1;
    let end = found < 0 ? next : found;
    if (file[end - 1] === 13 && end > at) end--;
    const line = file.subarray(at, end);
    const text = Buffer.from(line).toString('latin1');
    const isUtf8 = Buffer.from(line.toString()).equals(line);
    if (text.trim() !== '' || !isUtf8)
      given.push({
        payload: text,
        data: read(isUtf8 ? line.toString() : Buffer.from(line)),
        bytes: next - at + mark,
        offset: next,
      });
    mark = 0;
    at = next;
  }
  return given;
}

const shaped = fc
  .tuple(fc.integer(), fc.stringMatching(/^[ -~]{0,20}$/))
  .map(([id, name]) => JSON.stringify({ id, name, price: id / 4 }));
const line = fc.oneof(
  { weight: 6, arbitrary: shaped },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }).map((name) => JSON.stringify({ name })) },
  { weight: 1, arbitrary: fc.constantFrom('', ' ', '{"id":1', '{"id":1}x', '\u00ff') },
);
const end = fc.constantFrom('\n', '\n', '\n', '\r\n');
const file = fc
  .tuple(fc.boolean(), fc.array(fc.tuple(line, end), { maxLength: 30 }), fc.oneof(line, fc.constant('')), fc.boolean())
  .map(([mark, lines, last, broken]) =>
    Buffer.concat([
      Buffer.from(mark ? [0xef, 0xbb, 0xbf] : []),
      ...lines.map(([text, eol]) => Buffer.concat([Buffer.from(text.replaceAll('\n', ' ')), Buffer.from(eol)])),
      Buffer.from(broken ? [0xff, 0x7b, 10] : []),
      Buffer.from(last.replaceAll('\n', ' ')),
    ]),
  );

it('lines are what lies between line feeds, whatever chunks the bytes come in', () => {
  fc.assert(
    fc.property(file, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }), (bytes, sizes) => {
      const wanted = oracle(bytes);
      const found = frame(bytes, sizes);
      // the bytes of skipped blank lines count for no record
      expect(found.map(({ payload, data }) => ({ payload, data }))).toEqual(
        wanted.map(({ payload, data }) => ({ payload, data })),
      );
      expect(found.map(({ offset }) => offset)).toEqual(wanted.map(({ offset }) => offset));
    }),
    { numRuns: 600 },
  );
});

it('a file of many windows gives every line once', () => {
  const lines = Array.from({ length: 9000 }, (_, i) => `{"id":"${i}","text":"${'x'.repeat(i % 97)}"}`);
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  for (const size of [512 * 1024, 100_000, 65_536])
    expect(frame(bytes, [size]).map(({ payload }) => payload)).toEqual(lines);
});
