import { describe, expect, it } from 'vitest';
import { CelError, compileCel, hyphenMistakes } from '../../../src/kernels/cel/cel.ts';

const RECORD = {
  n: 5,
  half: 0.5,
  big: 50_001,
  neg: -3,
  text: 'Hello wörld',
  empty: '',
  nil: null,
  yes: true,
  no: false,
  list: [1, 2, 3],
  words: ['a', 'b'],
  items: [
    { sku: 'x', price: 2.5, tags: ['new'] },
    { sku: 'y', price: 10, tags: [] },
  ],
  map: { a: 1, b: { c: 'deep' }, nil: null },
  'a-b': 7,
  at: '2026-03-01T12:30:00Z',
  day: '2026-03-01',
};

const UNKNOWN = undefined;

describe('compileCel', () => {
  it.each<[string, unknown]>([
    ['record.n > 4', true],
    ['record.n >= 5.0', true],
    ['record.n == 5', true],
    ['record.n == 5.0', true],
    ['record.n != 5', false],
    ['record.n + 1 == 6', true],
    ['record.n + 0.5 == 5.5', true],
    ['record.n / 2 == 2.5', true],
    ['7 / 2 == 3.5', true],
    ['record.n % 2 == 1', true],
    ['-record.neg == 3', true],
    ['record.n * record.half == 2.5', true],
    ['record.n / 0 > 1', 'wrong'],
    ['record.big > 50000 ? record.yes : record.no', true],
    ['record.text.startsWith("Hello")', true],
    ['record.text.endsWith("d") && record.text.contains("w")', true],
    ['record.text.size() == 11', true],
    ['size(record.list) == 3', true],
    ['record.text.matches("^H.*d$")', true],
    ['record.text.lowerAscii() == "hello wörld"', true],
    ['record.text.substring(0, 5) == "Hello"', true],
    ['record.text.substring(5, 99) == ""', 'wrong'],
    ['record.text.indexOf("w") == 6', true],
    ['record.text.split(" ")[0] == "Hello"', true],
    ['record.words.join("-") == "a-b"', true],
    ['"a" + "b" == "ab"', true],
    ['record.words + ["c"] == ["a", "b", "c"]', true],
    ['2 in record.list', true],
    ['record.n in [1, 2, 5]', true],
    ['"a" in record.map', true],
    ['"zz" in record.map', false],
    ['record.map.b.c == "deep"', true],
    ['record["a-b"] == 7', true],
    ['record.map["a"] == 1', true],
    ['record.list[0] == 1', true],
    ['record.list[9] == 1', UNKNOWN],
    ['record.items.all(i, i.price > 2)', true],
    ['record.items.exists(i, i.price > 9)', true],
    ['record.items.exists_one(i, i.sku == "x")', true],
    ['record.items.filter(i, i.price > 9).size() == 1', true],
    ['record.items.map(i, i.sku) == ["x", "y"]', true],
    ['record.items.map(i, i.price > 9, i.sku) == ["y"]', true],
    ['record.items.exists(i, i.tags.exists(t, t == "new"))', true],
    ['record.items.all(i, i.missing > 1)', UNKNOWN],
    ['record.items.all(i, i.sku > 1)', 'wrong'],
    ['record.nil > 1', UNKNOWN],
    ['record.missing > 1', UNKNOWN],
    ['record.nil == null', true],
    ['record.missing == null', true],
    ['record.n != null', true],
    ['record.missing != null', false],
    ['record.map.missing.deeper == null', true],
    ['has(record.n)', true],
    ['has(record.nil)', true],
    ['has(record.missing)', false],
    ['has(record.map.b.c)', true],
    ['record.missing > 1 || record.n == 5', true],
    ['record.missing > 1 && record.n == 4', false],
    ['record.missing > 1 && record.n == 5', UNKNOWN],
    ['record.text > 1 || record.no', 'wrong'],
    ['!record.no', true],
    ['!record.nil', UNKNOWN],
    ['!record.text', 'wrong'],
    ['record.text > 5', 'wrong'],
    ['record.text == 5', false],
    ['timestamp(record.at) > timestamp("2026-01-01T00:00:00Z")', true],
    ['timestamp(record.day) == timestamp("2026-03-01T00:00:00Z")', true],
    ['timestamp(record.at) - timestamp(record.day) == duration("12h30m")', true],
    ['timestamp(record.at).getHours() == 12', true],
    ['timestamp(record.text).getHours() == 12', 'wrong'],
    ['double("2.5") == 2.5 && int("7") == 7', true],
    ['double(record.text) > 1', 'wrong'],
    ['string(record.n) == "5"', true],
    ['abs(record.neg) == 3', true],
    ['record.n', 'wrong'],
    ['record.map == {"a": 1, "b": {"c": "deep"}, "nil": null}', true],
    ['record.toString == null', true],
    ['record.map.hasOwnProperty == null', true],
  ])('%s is %s', (text, expected) => expect(compileCel(text).test(RECORD)).toBe(expected));

  it('gives derived values as JSON', () => {
    expect(compileCel('record.n * 2').value(RECORD)).toBe(10);
    expect(compileCel('timestamp(record.day) + duration("1h")').value(RECORD)).toBe('2026-03-01T01:00:00.000Z');
    expect(compileCel('record.missing + 1').value(RECORD)).toBeUndefined();
  });

  it('says nothing about a record that is no map', () => {
    for (const data of [null, 5, 'x', [1]]) expect(compileCel('record.a > 1').test(data)).not.toBe(true);
  });

  it('names the fields it reads', () => {
    expect(compileCel('record.a.b > record["c-d"] && has(record.e)').fields).toEqual(['a', 'c-d', 'e']);
  });

  it.each([
    ['record.a >', 10],
    ['foo(record.a)', 0],
    ['"a" + 1', 0],
    ['recrod.a > 1', 0],
    ['record.a > 1)', 12],
    ['record.a.matches("(a")', 17],
  ])('says at which character %s is wrong', (text, at) => {
    expect(() => compileCel(text)).toThrow(expect.objectContaining({ name: 'CelError', at }));
  });

  it.each([
    ['a chain that is too long', Array(400).fill('record.a').join(' + ')],
    ['nesting that is too deep', `${'('.repeat(200)}1${')'.repeat(200)}`],
    ['three comprehensions in each other', 'record.l.all(a, a.l.all(b, b.l.all(c, c > 1)))'],
    ['a long text', `"${'x'.repeat(5000)}" == record.a`],
    ['a list that is too long', `record.a in [${Array(1500).fill(1).join()}]`],
    ['bytes', 'b"abc" == record.a'],
    ['an integer beyond 2^53', 'record.a == 9223372036854775807'],
    ['look-around', 'record.a.matches("(?=a)")'],
  ])('refuses %s', (_, text) => expect(() => compileCel(text)).toThrow(CelError));

  it('stops comprehensions that visit too much', () => {
    const list = Array.from({ length: 1000 }, (_, i) => i);
    expect(compileCel('record.a.all(x, record.a.all(y, x + y >= 0))').test({ a: list })).toBe('wrong');
  });

  it('matches hostile text in linear time', () => {
    expect(compileCel('record.a.matches("^(a+)+$")').test({ a: `${'a'.repeat(50_000)}!` })).toBe(false);
    expect(compileCel('record.a.matches(record.p)').test({ a: `${'a'.repeat(20_000)}!`, p: '^(a+)+$' })).toBe(false);
  });

  it('sees a hyphen that was meant as part of a name', () => {
    expect(hyphenMistakes('record.a-b > 1', ['a-b', 'c-d'])).toEqual(['a-b']);
    expect(hyphenMistakes('record.a - record.b', ['a-b'])).toEqual([]);
  });
});
