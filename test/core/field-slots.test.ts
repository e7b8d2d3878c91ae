import { describe, expect, it } from 'vitest';
import type { Codec } from '../../src/core/codec.ts';
import { compileField } from '../../src/core/field.ts';
import { DataRecord } from '../../src/core/record.ts';

const codec: Codec = {
  name: 'test',
  decode: (payload) => JSON.parse(payload.toString()),
  encode: (record) => JSON.stringify(record.data),
};

function record(payload: string): DataRecord {
  return new DataRecord({ source: { topic: 't', partition: 0 }, offset: 0, payload, codec });
}

describe('field slots', () => {
  it.each([
    ['a', '{"a":1}', 1],
    ['a', '{}', undefined],
    ['a', '[1]', undefined],
    ['a.b', '{"a":{"b":2}}', 2],
    ['a.b', '{"a.b":3,"a":{"b":2}}', 3],
    ['/a~1b/0', '{"a/b":[7]}', 7],
    ['list.1', '{"list":[1,2]}', 2],
    ['items[].p', '{"items":[{"p":1},{},{"p":3}]}', [1, 3]],
    ['m[][]', '{"m":[[1],[2,3]]}', [1, 2, 3]],
    ['constructor', '{}', undefined],
    ['constructor', '{"constructor":5}', 5],
    ['__proto__', '{}', undefined],
    ['__proto__', '{"__proto__":6}', 6],
    ['toString.name', '{}', undefined],
    ['length', '[1,2]', 2],
  ])('%s of %s is %j', (field, json, value) => {
    expect(compileField(field).get(record(json))).toEqual(value);
  });

  it.each([
    ['a', '{"a":1}', '{"a":9}'],
    ['a.b', '{}', '{"a":{"b":9}}'],
    ['a.b', '{"a.b":1}', '{"a.b":9}'],
    ['l.1', '{"l":[1,2]}', '{"l":[1,9]}'],
    ['items[].p', '{"items":[{"p":1},{"q":2}]}', '{"items":[{"p":9},{"q":2,"p":9}]}'],
    ['__proto__', '{"x":1}', '{"x":1,"__proto__":9}'],
  ])('setting %s on a draft of %s gives %s and leaves the record alone', (field, before, after) => {
    const original = record(before);
    const draft = original.edit();
    compileField(field).set(draft, 9);
    expect(JSON.stringify(draft.data)).toBe(after);
    expect(JSON.stringify(original.data)).toBe(before);
  });

  it('removing takes what is there and nothing else', () => {
    const draft = record('{"a":{"b":1,"c":2},"l":[{"x":1},{"x":2}]}').edit();
    compileField('a.b').remove(draft);
    compileField('nope').remove(draft);
    compileField('l[].x').remove(draft);
    expect(JSON.stringify(draft.data)).toBe('{"a":{"c":2},"l":[{},{}]}');
    expect(draft.patches).toHaveLength(3);
  });

  it('a sealed record cannot be changed', () => {
    expect(() => compileField('a').set(record('{}'), 1)).toThrow(/sealed/);
  });

  it.each(['', 'a..b', '.a', 'a[', 'a[0]', Array(40).fill('a').join('.')])('%j is refused', (text) => {
    expect(() => compileField(text)).toThrow();
  });
});
