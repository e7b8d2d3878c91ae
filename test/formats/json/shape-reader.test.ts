import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeReader } from '../../../src/formats/json/shape-reader.ts';

/** Reads the lines one after another as a framer does; undefined where the reader gave up. */
function readAll(lines: readonly string[], reader = new ShapeReader()): unknown[] {
  const bytes = Buffer.from(`${lines.join('\n')}\n`, 'latin1');
  const text = bytes.toString('latin1');
  let at = 0;
  return lines.map((line) => {
    const end = reader.read(bytes, text, at);
    const isRead = end > 0 && bytes[end] === 10;
    if (isRead) expect(end - at).toBe(line.length);
    else reader.learn(line);
    const places = isRead ? placesOf(reader, line) : undefined;
    at += line.length + 1;
    if (!isRead) return undefined;
    expect(places).toEqual(reader.data);
    return reader.data;
  });
}

/** The record as the places of its values say it. */
function placesOf({ layout, layoutAt }: ShapeReader, line: string): unknown {
  const members = [...(layout?.fields ?? [])].map(([name, i]) => {
    const start = (i === 0 ? 0 : (layout?.ends[layoutAt + i - 1] ?? 0)) + (layout?.gaps[i] ?? 0);
    return `${JSON.stringify(name)}:${line.slice(start, layout?.ends[layoutAt + i])}`;
  });
  return JSON.parse(`{${members.join()}}`);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const key = fc.stringMatching(/^[a-zA-Z0-9_ $.-]{0,12}$/);
const value = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => Math.round(x * 100) / 100),
  fc.constantFrom(null, true, false, -0, 0, 1e21, 123456789012345, 0.1, '', 'x'.repeat(13), 'y'.repeat(41)),
);
const spaces = fc.constantFrom('', ' ', '  ');
const records = fc
  .tuple(fc.uniqueArray(key, { minLength: 1, maxLength: 12 }), spaces, spaces)
  .chain(([keys, after, around]) =>
    fc
      .array(fc.array(value, { minLength: keys.length, maxLength: keys.length }), { minLength: 2, maxLength: 12 })
      .map((rows) =>
        rows.map((row) => {
          const members = keys.map(
            (name, i) => `${JSON.stringify(name)}:${after}${Object.is(row[i], -0) ? '-0' : JSON.stringify(row[i])}`,
          );
          return `{${around}${members.join(`,${after}`)}${around}}`;
        }),
      ),
  );

describe('the reader of records of one shape', () => {
  it('gives what JSON.parse gives, and the places of the values, or gives up', () => {
    fc.assert(
      fc.property(records, fc.boolean(), (lines, slices) => {
        const ascii = lines.map((line) => line.replace(/[^ -~]/g, '?'));
        readAll(ascii, new ShapeReader({ slices })).forEach((data, i) => {
          if (data !== undefined) expect(data).toStrictEqual(parsed(ascii[i] ?? ''));
        });
      }),
      { numRuns: 500 },
    );
  });

  it('reads every record of a plain feed but the first', () => {
    const lines = Array.from({ length: 3000 }, (_, i) =>
      JSON.stringify({ id: `k${i}`, n: i / 4, ok: i % 2 === 0, no: null }),
    );
    const found = readAll(lines);
    expect(found[0]).toBeUndefined();
    expect(found.slice(1)).toStrictEqual(lines.slice(1).map((line) => JSON.parse(line)));
  });

  it('never takes what JSON.parse refuses, nor reads it in another way: a byte changed, left out or put in', () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
      kind: fc.constantFrom('set', 'cut', 'add'),
    });
    fc.assert(
      fc.property(records, fc.array(change, { minLength: 1, maxLength: 2 }), (lines, changes) => {
        const first = (lines[0] ?? '').replace(/[^ -~]/g, '?');
        let line = (lines[1] ?? '').replace(/[^ -~]/g, '?');
        for (const { at, byte, kind } of changes) {
          const place = at % (line.length + 1);
          const put = kind === 'cut' || byte === 10 ? '' : String.fromCharCode(byte);
          line = line.slice(0, place) + put + line.slice(place + (kind === 'add' ? 0 : 1));
        }
        const [, data] = readAll([first, line]);
        if (data !== undefined) expect(data).toStrictEqual(parsed(line));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['leading zero', '{"a":01}'],
    ['plus sign', '{"a":+1}'],
    ['lone minus', '{"a":-}'],
    ['no digits after the point', '{"a":1.}'],
    ['no digits before the point', '{"a":.5}'],
    ['exponent', '{"a":1e3}'],
    ['16 digits', '{"a":9007199254740993}'],
    ['a decimal of 16 digits', '{"a":0.1000000000000001}'],
    ['escape', '{"a":"\\n"}'],
    ['tab in a text', '{"a":"\t"}'],
    ['delete is legal, but beyond ASCII is not', '{"a":"\u00e9"}'],
    ['half a word', '{"a":nul}'],
    ['a list', '{"a":[1]}'],
    ['an object', '{"a":{}}'],
    ['another key', '{"b":1}'],
    ['a key more', '{"a":1,"b":2}'],
    ['more behind it', '{"a":1} x'],
    ['no value', '{"a":}'],
    ['unclosed text', '{"a":"x'],
  ])('gives up on: %s', (_name, line) => {
    expect(readAll(['{"a":1}', line])[1]).toBeUndefined();
  });

  it.each(['{"__proto__":1}', '{"a":1,"a":2}', '{}', '{"a":{"b":1}}', '[1]', '1', '{"\\u0061":1}', 'no'])(
    'learns nothing from %s',
    (line) => {
      expect(readAll([line, line, line, line])).toEqual([undefined, undefined, undefined, undefined]);
    },
  );

  it('knows several shapes at a time', () => {
    const lines = Array.from({ length: 400 }, (_, i) =>
      i % 3 === 0 ? `{"a":${i}}` : i % 3 === 1 ? `{"b":"${i}"}` : `{"a":${i},"c":null}`,
    );
    const missed = readAll(lines).filter((data) => data === undefined).length;
    expect(missed).toBeLessThan(12);
  });

  it('rests when a feed has no shape, and comes back', () => {
    const reader = new ShapeReader();
    const odd = Array.from({ length: 3000 }, (_, i) => `{"k${i}":1}`);
    readAll(odd, reader);
    expect(readAll(['{"a":1}', '{"a":1}'], reader)).toEqual([undefined, undefined]);
    readAll(
      Array.from({ length: 70_000 }, () => '{"a":1}'),
      reader,
    );
    expect(readAll(['{"a":1}'], reader)).toEqual([{ a: 1 }]);
  });
});
