import { describe, expect, test } from 'vitest';
import { compareSchemas } from '../../../src/formats/avro/compare.ts';
import { parseAvro } from '../../../src/formats/avro/parse.ts';
import { compileReader } from '../../../src/formats/avro/read.ts';
import { Sink } from '../../../src/formats/avro/sink.ts';
import { Tap } from '../../../src/formats/avro/tap.ts';
import { compileWriter } from '../../../src/formats/avro/write.ts';
import { PAIRS } from './evolution-pairs.ts';

function reread(old: unknown, next: unknown, value: unknown): unknown {
  const writer = parseAvro(JSON.stringify(old));
  const sink = new Sink();
  compileWriter(writer)(sink, value);
  const tap = new Tap();
  tap.reset(sink.take(), 0);
  const read = compileReader(writer, parseAvro(JSON.stringify(next))).read(tap);
  tap.finish();
  return read;
}

describe('evolution', () => {
  test.each(PAIRS)('$name: $compatibility', ({ old, next, compatibility, value, read }) => {
    expect(compareSchemas(JSON.stringify(old), JSON.stringify(next)).compatibility).toBe(compatibility);
    if (read !== undefined) expect(reread(old, next, value)).toStrictEqual(read);
    else expect(() => reread(old, next, value)).toThrow(expect.objectContaining({ code: 'schema-mismatch' }));
  });

  test('a decimal of another scale, and milliseconds read as microseconds, would mean something else', () => {
    const decimal = (scale: number) => JSON.stringify({ type: 'bytes', logicalType: 'decimal', precision: 9, scale });
    expect(compareSchemas(decimal(2), decimal(3)).compatibility).toBe('none');
    expect(compareSchemas(decimal(2), decimal(2)).compatibility).toBe('full');
    const stamp = (unit: string) => JSON.stringify({ type: 'long', logicalType: `timestamp-${unit}` });
    expect(compareSchemas(stamp('millis'), stamp('micros')).compatibility).toBe('none');
  });

  test('the reasons name the field', () => {
    const [, added] = PAIRS;
    expect(compareSchemas(JSON.stringify(added?.old), JSON.stringify(added?.next))).toMatchObject({
      backward: [{ path: '', message: expect.stringContaining('note') }],
      forward: [],
    });
  });
});
