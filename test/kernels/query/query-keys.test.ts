import { beforeAll, describe, expect, it } from 'vitest';
import { type QueryContext, QueryKeys, type QueryKeysOptions, SqlParser } from '../../../src/kernels/query/index.ts';

let parser: SqlParser;
beforeAll(async () => {
  parser = await SqlParser.load();
});

function keys(options: Partial<QueryKeysOptions> = {}): QueryKeys {
  return new QueryKeys({ dialect: 'postgres', level: 'algebra', parser, ...options });
}

/** The key, or `bypass:reason`. */
function keyOf(
  context: QueryContext,
  options: Partial<QueryKeysOptions> = {},
  sql = 'SELECT a FROM t WHERE b = $1',
): string {
  const key = keys(options).key(sql, context);
  return key.kind === 'key' ? key.key : `bypass:${key.reason}`;
}

class Point {
  x = 1;
}

describe('composite keys', () => {
  it('differ for parameters of another type or value, whatever their class', () => {
    const values = [
      ...[undefined, null, 1, -1, 0, -0, '1', '', 1n, true, 'true', Number.NaN, Number.POSITIVE_INFINITY],
      ...[new Date(0), new Date(1), Buffer.from('a'), Buffer.from('b'), [1], [[1]], ['1'], {}, { a: 1 }, { a: null }],
      ...['date:0', '1n', '\n', 'null'],
    ];
    const found = new Set(values.map((value) => keyOf({ params: value === undefined ? [] : [value] })));
    expect(found.size).toBe(values.length);
  });

  it('are the same for equal parameters in other objects', () => {
    expect(keyOf({ params: [new Date(5), { b: 1, a: 2 }] })).toBe(keyOf({ params: [new Date(5), { a: 2, b: 1 }] }));
  });

  it('differ when a value moves to another part', () => {
    const parts: QueryContext[] = [
      { tenant: 'a' },
      { role: 'a' },
      { searchPath: 'a' },
      { settings: 'a' },
      { params: 'a' },
    ];
    expect(new Set(parts.map((part) => keyOf(part))).size).toBe(parts.length);
    expect(keyOf({ tenant: 'a\n"b"' })).not.toBe(keyOf({ tenant: 'a', role: 'b' }));
  });

  it.each([
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['an object of a class', new Point()],
    ['a map', new Map([[1, 2]])],
  ])('are refused for %s, which has no text of its own', (_name, value) => {
    expect(keyOf({ params: [value] })).toBe('bypass:unkeyable-context');
  });

  it('are refused for nesting without end', () => {
    const round: unknown[] = [];
    round.push(round);
    expect(keyOf({ params: round })).toBe('bypass:unkeyable-context');
  });

  it('are refused for decoded numbers that may have been rounded, and only for those', () => {
    for (const rounded of [9_007_199_254_740_992, 0.1 + 0.2, 1e300])
      expect(keyOf({ params: [rounded] }, { decodedNumbers: true })).toBe('bypass:unkeyable-context');
    for (const exact of [9_007_199_254_740_991, 0.5, 1e-7, 123_456.789, 0])
      expect(keyOf({ params: [exact] }, { decodedNumbers: true })).toMatch(/^[0-9a-f]{32}$/);
    expect(keyOf({ params: [0.1 + 0.2] })).toMatch(/^[0-9a-f]{32}$/);
  });

  it('are refused for a parameter that may mean the current time', () => {
    expect(keyOf({ params: ['now'] })).toBe('bypass:volatile-value');
    expect(keyOf({ params: [['x', ' Yesterday']] })).toBe('bypass:volatile-value');
    expect(keyOf({ params: ['nowhere'] })).toMatch(/^[0-9a-f]{32}$/);
  });

  it('do not depend on the memo', () => {
    const warm = keys({ memoEntries: 2 });
    const texts = ['SELECT a FROM t', 'SELECT b FROM t', 'select A from T', 'SELECT c FROM t', 'SELECT now()'];
    const cold = texts.map((sql) => keys().key(sql, { tenant: 1 }));
    for (let round = 0; round < 3; round++) expect(texts.map((sql) => warm.key(sql, { tenant: 1 }))).toEqual(cold);
  });
});

describe('dialects', () => {
  const other = (sql: string) => keyOf({}, { dialect: 'other' }, sql);
  const json = (body: string) => keyOf({}, { dialect: 'json' }, body);

  it('other languages are one by their text alone', () => {
    expect(other(' db.t.find({})\n')).toBe(other('db.t.find({})'));
    expect(other('db.t.find({ })')).not.toBe(other('db.t.find({})'));
  });

  it('JSON bodies are one by RFC 8785', () => {
    expect(json('{ "b": 1.0, "a": ["\\u0041", 1e2] }')).toBe(json('{"a":["A",100],"b":1}'));
    expect(json('{"a":[1,2]}')).not.toBe(json('{"a":[2,1]}'));
    expect(json('{"a":1}')).not.toBe(json('{"a":"1"}'));
  });

  it('JSON bodies that decoding would change are one by their text alone', () => {
    expect(json('{"a":9007199254740993}')).not.toBe(json('{"a":9007199254740992}'));
    expect(json('{"a":0.1000000000000000055}')).not.toBe(json('{"a":0.1}'));
    expect(json('{"a":1,"a":2}')).not.toBe(json('{"a":2}'));
    expect(json('{"a":1,"a":2}')).toBe(json('{"a":1,"a":2}'));
    expect(json('{"a":')).toBe('bypass:unparsable');
    expect(json('{"__proto__":{"a":1}}')).not.toBe(json('{}'));
  });

  it('a text is never one with the same text of another dialect or level', () => {
    const sql = '[1]';
    expect(new Set([json(sql), other(sql), keyOf({}, { level: 'text' }, sql)]).size).toBe(3);
  });
});
