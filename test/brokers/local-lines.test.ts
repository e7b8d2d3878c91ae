import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  CommitLines,
  type LineFormat,
  lineFormatOf,
  MAX_QUARANTINE_VALUE_BYTES,
  oneLine,
  quarantineLine,
} from '../../src/brokers/local/lines.ts';
import { BufferPool } from '../../src/brokers/local/text-buffer.ts';
import { DataRecord, type RecordInit } from '../../src/core/record.ts';
import { createCodec } from '../../src/formats/index.ts';
import { toTopic, toyCodec } from './local-toy.ts';

const NDJSON: LineFormat = { extension: 'ndjson', lineOf: oneLine, isNew: () => true };

function record(init: Partial<RecordInit> = {}): DataRecord {
  return new DataRecord({
    source: { topic: 'in', partition: 0, part: 'a.ndjson', partStart: 10 },
    offset: 12,
    payload: '{}',
    codec: toyCodec,
    ...init,
  });
}

function written(lines: CommitLines): Record<string, string> {
  return Object.fromEntries(
    lines
      .appends()
      .map(({ file, chunks }) => [file, Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString('latin1')]),
  );
}

describe('output lines', () => {
  it('writes text and bytes in order, drops line breaks between tokens, and writes null for a tombstone', () => {
    const lines = new CommitLines(new BufferPool());
    const values = ['{"a":1}', Buffer.from('{"b":2}'), Buffer.from([0xff]), '{\n  "c": 3\r\n}', null];
    lines.add(
      toTopic(
        'out',
        values.map(() => record()),
        { values },
      ),
      NDJSON,
    );
    expect(written(lines)).toEqual({ 'out.ndjson': '{"a":1}\n{"b":2}\n\xff\n{  "c": 3}\nnull\n' });
  });

  it('findings of passed records go beside the output, with the origin', () => {
    const lines = new CommitLines(new BufferPool());
    const flagged = record();
    flagged.addFinding({ step: 'sane', rule: 'r', severity: 'warn' });
    lines.add(toTopic('out', [record(), flagged], { findings: 'header' }), NDJSON);
    expect(written(lines)['out.findings.ndjson']).toBe(
      '{"origin":{"topic":"in","partition":0,"offset":12,"part":"a.ndjson","record":2},"findings":[{"step":"sane","rule":"r","severity":"warn"}]}\n',
    );
    const none = new CommitLines(new BufferPool());
    none.add(toTopic('out', [flagged]), NDJSON);
    expect(Object.keys(written(none))).toEqual(['out.ndjson']);
  });

  it('csv gets its header once, at the top of a new file', () => {
    const csv = { ...lineFormatOf(createCodec('csv')), isNew: () => true };
    const first = record({ payload: undefined, data: { id: 1, 'a,b': 'x' } });
    const lines = new CommitLines(new BufferPool());
    lines.add(toTopic('out', [first], { values: ['1,x'] }), csv);
    lines.add(toTopic('out', [record()], { values: ['2,"two\nlines"'] }), csv);
    expect(written(lines)).toEqual({ 'out.csv': 'id,"a,b"\n1,x\n2,"two\nlines"\n' });
    const later = new CommitLines(new BufferPool());
    later.add(toTopic('out', [record()], { values: ['3,y'] }), { ...csv, isNew: () => false });
    expect(written(later)).toEqual({ 'out.csv': '3,y\n' });
  });
});

describe('quarantine lines', () => {
  const tail = '"findings":[],"origin":{"topic":"in","partition":0,"offset":12,"part":"a.ndjson","record":2}';

  it.each([
    [
      'valid JSON raw, numbers as they came',
      '{"id":12345678901234567890,"x":1.0}',
      '"value":{"id":12345678901234567890,"x":1.0}',
    ],
    ['what is not JSON as text', '{"id":', '"valueText":"{\\"id\\":"'],
    ['bytes that are JSON like text', Buffer.from('[1]'), '"value":[1]'],
    ['bytes that are no text as base64', Buffer.from([0xff, 0xfe]), '"valueBase64":"//4="'],
    ['a tombstone as null', null, '"value":null'],
    ['JSON over several lines on one', '{\n"a":\n1}', '"value":{"a":1}'],
  ])('carry %s', (_, value, field) => {
    expect(quarantineLine(record(), value, {})).toBe(`{${field},${tail}}`);
  });

  it('carry step, key, timestamp and headers when there are any', () => {
    const headers = {
      size: 2,
      entries: () => [
        { name: 'h', value: Buffer.from('v') },
        { name: 'n', value: null },
      ],
    };
    const full = record({ key: Buffer.from('k"1'), timestamp: 5, headers });
    expect(quarantineLine(full, '1', { step: 'sane' })).toBe(
      `{"value":1,${tail},"step":"sane","key":"k\\"1","timestamp":5,"headers":[{"name":"h","value":"v"},{"name":"n","value":null}]}`,
    );
    expect(quarantineLine(record({ key: Buffer.from([0x80]) }), '1', {})).toContain('"keyBase64":"gA=="');
  });

  it('a value beyond the bound leaves as a stub', () => {
    const huge = `"${'x'.repeat(MAX_QUARANTINE_VALUE_BYTES)}"`;
    const sha256 = createHash('sha256').update(huge).digest('hex');
    expect(JSON.parse(quarantineLine(record(), huge, { step: 'sane' }))).toMatchObject({
      stub: { bytes: huge.length, sha256 },
      step: 'sane',
    });
  });

  it('findings are bounded: long observations are cut, what does not fit is counted', () => {
    const noisy = record();
    for (let i = 0; i < 300; i++)
      noisy.addFinding({ step: 's', rule: `r${i}`, severity: 'error', observed: 'y'.repeat(5000) });
    const line = quarantineLine(noisy, '1', { step: 's' });
    const { findings } = JSON.parse(line);
    expect(line.length).toBeLessThan(9 * 1024);
    expect(findings[0].observed.length).toBeLessThanOrEqual(256);
    expect(findings.at(-1).observed).toBe(300 - (findings.length - 1));
  });
});
