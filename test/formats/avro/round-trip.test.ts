import avro from 'avsc';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/core/errors.ts';
import { parseAvro } from '../../../src/formats/avro/parse.ts';
import { compileReader } from '../../../src/formats/avro/read.ts';
import { Sink } from '../../../src/formats/avro/sink.ts';
import { Tap } from '../../../src/formats/avro/tap.ts';
import { compileWriter } from '../../../src/formats/avro/write.ts';

function codecOf(schema: unknown) {
  const type = parseAvro(JSON.stringify(schema));
  const { read } = compileReader(type);
  const write = compileWriter(type);
  return {
    read(bytes: Uint8Array): unknown {
      const tap = new Tap();
      tap.reset(Buffer.from(bytes), 0);
      const value = read(tap);
      tap.finish();
      return value;
    },
    write(value: unknown): Buffer {
      const sink = new Sink();
      write(sink, value);
      return sink.take();
    },
  };
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const logical = (type: string, logicalType: string, more: object = {}) => ({ type, logicalType, ...more });

/** Bytes worked out by hand from the specification (1.12, Binary encoding). */
const VECTORS: readonly [name: string, schema: unknown, bytes: string, value: unknown][] = [
  ['zero', 'int', '00', 0],
  ['minus one', 'int', '01', -1],
  ['one', 'int', '02', 1],
  ['minus 64', 'int', '7f', -64],
  ['64 takes two bytes', 'int', '80 01', 64],
  ['the least int', 'int', 'ff ff ff ff 0f', -2147483648],
  ['2^53 - 1 is a number', 'long', 'fe ff ff ff ff ff ff 1f', Number.MAX_SAFE_INTEGER],
  ['2^53 is text', 'long', '80 80 80 80 80 80 80 20', '9007199254740992'],
  ['the greatest long', 'long', 'fe ff ff ff ff ff ff ff ff 01', '9223372036854775807'],
  ['the least long', 'long', 'ff ff ff ff ff ff ff ff ff 01', '-9223372036854775808'],
  ['a text', 'string', '06 66 6f 6f', 'foo'],
  ['a wide text', 'string', '06 e2 82 ac', '€'],
  ['a double', 'double', '00 00 00 00 00 00 f8 3f', 1.5],
  ['a float', 'float', '00 00 c0 3f', 1.5],
  ['a list', { type: 'array', items: 'long' }, '04 06 36 00', [3, 27]],
  ['a map', { type: 'map', values: 'int' }, '02 02 61 02 00', { a: 1 }],
  ['a union', ['null', 'string'], '02 02 61', 'a'],
  ['null of a union', ['null', 'string'], '00', null],
  ['a decimal', logical('bytes', 'decimal', { precision: 9, scale: 2 }), '04 ff 38', '-2.00'],
  ['a decimal below one', logical('bytes', 'decimal', { precision: 9, scale: 3 }), '02 05', '0.005'],
  ['a day before the epoch', logical('int', 'date'), '01', '1969-12-31'],
  ['milliseconds', logical('long', 'timestamp-millis'), '02', '1970-01-01T00:00:00.001Z'],
  ['microseconds before the epoch', logical('long', 'timestamp-micros'), '01', '1969-12-31T23:59:59.999999Z'],
  ['nanoseconds', logical('long', 'timestamp-nanos'), '02', '1970-01-01T00:00:00.000000001Z'],
  ['a local time', logical('long', 'local-timestamp-millis'), '02', '1970-01-01T00:00:00.001'],
  ['a time', logical('int', 'time-millis'), '02', '00:00:00.001'],
];

describe('vectors', () => {
  test.each(VECTORS)('%s', (_name, schema, bytes, value) => {
    const codec = codecOf(schema);
    expect(codec.read(hex(bytes))).toStrictEqual(value);
    expect(codec.write(value).toString('hex')).toBe(hex(bytes).toString('hex'));
  });

  test('a uuid in 16 bytes, and a decimal in a fixed', () => {
    const uuid = codecOf({ type: 'fixed', name: 'U', size: 16, logicalType: 'uuid' });
    expect(uuid.read(hex('00112233445566778899aabbccddeeff'))).toBe('00112233-4455-6677-8899-aabbccddeeff');
    const money = codecOf({ type: 'fixed', name: 'M', size: 4, logicalType: 'decimal', precision: 9, scale: 2 });
    expect(money.read(hex('ffffff38'))).toBe('-2.00');
    expect(money.write('-2').toString('hex')).toBe('ffffff38');
  });
});

const SCHEMA = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'ok', type: 'boolean' },
    { name: 'count', type: 'int' },
    { name: 'ratio', type: 'double' },
    { name: 'small', type: 'float' },
    { name: 'name', type: 'string' },
    { name: 'raw', type: 'bytes' },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B', 'C'] } },
    { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 4 } },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'next', type: ['null', 'Order'], default: null },
  ],
};
const bytes = (length?: number) =>
  fc.uint8Array(length === undefined ? { maxLength: 20 } : { minLength: length, maxLength: length });
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const { order } = fc.letrec((tie) => ({
  order: fc.record(
    {
      id: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), // as far as avsc is exact
      ok: fc.boolean(),
      count: fc.integer(),
      ratio: fc.double({ noNaN: true }),
      small: fc.float({ noNaN: true }),
      name: text,
      raw: bytes(),
      kind: fc.constantFrom('A', 'B', 'C'),
      hash: bytes(4),
      note: fc.option(text),
      tags: fc.array(text, { maxLength: 4 }),
      next: fc.option(tie('order'), { maxDepth: 2 }),
    },
    { noNullPrototype: true },
  ),
}));

describe('laws', () => {
  const type = avro.Type.forSchema(SCHEMA as Parameters<typeof avro.Type.forSchema>[0]);
  const codec = codecOf(SCHEMA);
  /** avsc wants Buffers. */
  const forAvsc = (value: unknown): unknown =>
    value instanceof Uint8Array
      ? Buffer.from(value)
      : Array.isArray(value)
        ? value.map(forAvsc)
        : value !== null && typeof value === 'object'
          ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, forAvsc(one)]))
          : value;

  test('what is written is what avsc writes, and reads as it was', () => {
    fc.assert(
      fc.property(order, (value) => {
        const written = codec.write(value);
        expect(written.equals(type.toBuffer(forAvsc(value)))).toBe(true);
        expect(codec.read(written)).toStrictEqual(value);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test('every long and every decimal keeps its digits', () => {
    const long = codecOf('long');
    const decimal = codecOf(logical('bytes', 'decimal', { precision: 40, scale: 10 }));
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const read = long.read(long.write(value));
        expect(BigInt(read as string | number)).toBe(value);
        expect(typeof read).toBe(Number.isSafeInteger(Number(value)) ? 'number' : 'string');
        expect(long.write(read).equals(long.write(value))).toBe(true);
        const digits = (value < 0n ? -value : value).toString().padStart(11, '0');
        const given = `${value < 0n ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`;
        expect(decimal.read(decimal.write(given))).toBe(given);
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  test('every instant keeps its ticks', () => {
    for (const [name, least, most] of [
      ['timestamp-millis', -62_167_219_200_000n, 253_402_300_799_999n],
      ['timestamp-micros', -62_167_219_200_000_000n, 253_402_300_799_999_999n],
      ['timestamp-nanos', -(2n ** 63n), 2n ** 63n - 1n],
    ] as const) {
      const raw = codecOf('long');
      const stamp = codecOf(logical('long', name));
      fc.assert(
        fc.property(fc.bigInt({ min: least, max: most }), (ticks) => {
          const bytes = raw.write(ticks);
          const said = stamp.read(bytes);
          expect(said).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
          expect(stamp.write(said).equals(bytes)).toBe(true);
        }),
        { numRuns: 300, seed: 3 },
      );
    }
  });

  test('bytes that are no value are FormatError, never anything else', () => {
    fc.assert(
      fc.property(order, fc.nat(), fc.nat({ max: 255 }), fc.boolean(), (value, at, byte, cut) => {
        const written = codec.write(value);
        const broken = cut ? written.subarray(0, at % written.length) : Buffer.from(written);
        if (!cut) broken[at % written.length] = byte;
        try {
          codec.read(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
        if (cut) expect(() => codec.read(broken)).toThrow(FormatError);
      }),
      { numRuns: 500, seed: 4 },
    );
  });
});

describe('hostile bytes', () => {
  test('a list of two thousand million items in six bytes', () => {
    expect(() => codecOf({ type: 'array', items: 'int' }).read(hex('fe ff ff ff 0f 00'))).toThrow('more items');
    expect(() => codecOf({ type: 'array', items: 'null' }).read(hex('fe ff ff ff 0f 00'))).toThrow('more items');
  });

  test('a value nested without end', () => {
    const nested = { type: 'record', name: 'N', fields: [{ name: 'n', type: ['null', 'N'] }] };
    expect(() => codecOf(nested).read(Buffer.alloc(100_000, 2))).toThrow('nested deeper');
  });

  test('a map key that would be a prototype is a key', () => {
    const map = codecOf({ type: 'map', values: { type: 'map', values: 'int' } });
    const value = map.read(hex('02 12 5f5f70726f746f5f5f 02 02 61 02 00 00')) as object;
    expect(Object.keys(value)).toStrictEqual(['__proto__']);
    expect('a' in value).toBe(false);
  });

  test.each([
    ['text that is not UTF-8', 'string', '02 ff'],
    ['a boolean of two', 'boolean', '02'],
    ['a branch too many', ['null', 'int'], '04'],
    ['a negative length', 'bytes', '01'],
    ['bytes behind the value', 'int', '02 02'],
    ['a varint of eleven bytes', 'long', 'ff ff ff ff ff ff ff ff ff ff 01'],
    ['an int of 33 bits', 'int', '80 80 80 80 20'],
  ])('%s', (_name, schema, text) => {
    expect(() => codecOf(schema).read(hex(text))).toThrow(FormatError);
  });
});

describe('what the schema has no place for', () => {
  test.each([
    ['an int out of range', 'int', 2 ** 31, 'lossy-number'],
    ['a float with more digits', 'float', 0.1, 'lossy-number'],
    ['a decimal with more digits', logical('bytes', 'decimal', { precision: 4, scale: 2 }), '1.234', 'lossy-number'],
    ['a decimal that is too long', logical('bytes', 'decimal', { precision: 4, scale: 2 }), '123.45', 'lossy-number'],
    ['microseconds in milliseconds', logical('long', 'timestamp-millis'), '2026-01-01T00:00:00.0001Z', 'lossy-number'],
    ['a day that is none', logical('int', 'date'), '2026-02-30', 'not-in-schema'],
    ['a text in an int', 'int', '1', 'not-in-schema'],
    ['null where there is none', ['int', 'string'], null, 'not-in-schema'],
    ['a field too many', { type: 'record', name: 'R', fields: [] }, { a: 1 }, 'not-in-schema'],
    ['a field too few', { type: 'record', name: 'R', fields: [{ name: 'a', type: 'int' }] }, {}, 'not-in-schema'],
  ])('%s', (_name, schema, value, code) => {
    expect(() => codecOf(schema).write(value)).toThrow(expect.objectContaining({ code }));
  });
});
