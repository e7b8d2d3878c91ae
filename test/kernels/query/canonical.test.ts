import { beforeAll, describe, expect, it } from 'vitest';
import { type Catalog, canonicalQuery, type QueryLevel, SqlParser } from '../../../src/kernels/query/index.ts';

let parser: SqlParser;
beforeAll(async () => {
  parser = await SqlParser.load();
});

const catalog: Catalog = new Map([
  ['users', new Set(['id', 'name', 'age'])],
  ['orders', new Set(['id', 'user_id', 'total'])],
]);

function key(sql: string, level: QueryLevel = 'algebra'): string {
  const result = canonicalQuery(sql, { level, parse: parser.parse, catalog });
  return result.kind === 'key' ? result.key : `bypass:${result.reason}`;
}

describe('safe rewrites give one key', () => {
  it.each([
    ['white space, comments, keyword case', 'SELECT a FROM t -- x', 'select  a /* y */ from t'],
    ['redundant parentheses', 'SELECT a FROM t WHERE (a = 1)', 'SELECT a FROM t WHERE a = 1'],
    ['!= and <>', 'SELECT a FROM t WHERE a != 1', 'SELECT a FROM t WHERE a <> 1'],
    ['default ASC', 'SELECT a FROM t ORDER BY a ASC', 'SELECT a FROM t ORDER BY a'],
    [
      'FETCH FIRST and LIMIT',
      'SELECT a FROM t ORDER BY a FETCH FIRST 3 ROWS ONLY',
      'SELECT a FROM t ORDER BY a LIMIT 3',
    ],
    ['JOIN and INNER JOIN', 'SELECT t.a FROM t JOIN s ON t.a = s.b', 'SELECT t.a FROM t INNER JOIN s ON t.a = s.b'],
    ['identifier folding', 'SELECT A FROM T', 'SELECT a FROM t'],
    ['alias names', 'SELECT x.a FROM t x', 'SELECT yy.a FROM t AS yy'],
    ['qualifier of the only table', 'SELECT t.a FROM t WHERE t.b = 1', 'SELECT a FROM t WHERE b = 1'],
    [
      'AND order and repetition',
      'SELECT a FROM t WHERE a = 1 AND b = 2',
      'SELECT a FROM t WHERE b = 2 AND a = 1 AND b = 2',
    ],
    [
      'AND nesting',
      'SELECT a FROM t WHERE a = 1 AND (b = 2 AND c = 3)',
      'SELECT a FROM t WHERE (c = 3 AND a = 1) AND b = 2',
    ],
    ['OR order', "SELECT a FROM t WHERE a = 1 OR b = 'x'", "SELECT a FROM t WHERE b = 'x' OR a = 1"],
    ['IN order and repetition', 'SELECT a FROM t WHERE a IN (3, 1, 2, 1)', 'SELECT a FROM t WHERE a IN (1, 2, 3)'],
    ['one-element IN', 'SELECT a FROM t WHERE a IN (3)', 'SELECT a FROM t WHERE 3 = a'],
    ['BETWEEN', 'SELECT a FROM t WHERE a BETWEEN 1 AND 5', 'SELECT a FROM t WHERE a <= 5 AND a >= 1'],
    ['turned comparison', 'SELECT a FROM t WHERE a > 5', 'SELECT a FROM t WHERE 5 < a'],
    ['CAST and ::', 'SELECT CAST(a AS int) FROM t', 'SELECT a::int4 FROM t'],
    [
      'inner join order',
      'SELECT x.a, y.b FROM t x JOIN s y ON x.i = y.i',
      'SELECT t.a, s.b FROM s JOIN t ON s.i = t.i',
    ],
    ['comma and JOIN', 'SELECT t.a FROM t, s WHERE t.i = s.i', 'SELECT t.a FROM s JOIN t ON t.i = s.i'],
    [
      'aliases in a correlated subquery',
      'SELECT x.a FROM t x WHERE EXISTS (SELECT 1 FROM s y WHERE y.i = x.i)',
      'SELECT u.a FROM t u WHERE EXISTS (SELECT 1 FROM s v WHERE v.i = u.i)',
    ],
    [
      'order of subqueries under AND',
      'SELECT a FROM t WHERE a IN (SELECT x.b FROM s x) AND c IN (SELECT y.d FROM r y)',
      'SELECT a FROM t WHERE c IN (SELECT q.d FROM r q) AND a IN (SELECT p.b FROM s p)',
    ],
    ['alias of a derived table', 'SELECT q.a FROM (SELECT a FROM t) q', 'SELECT w.a FROM (SELECT t.a FROM t) w'],
  ])('%s', (_name, a, b) => {
    expect(key(b)).toBe(key(a));
  });

  it('qualification needs the schema level', () => {
    const [bare, qualified] = [
      'SELECT name, total FROM users JOIN orders ON user_id = users.id',
      'SELECT u.name, o.total FROM orders o JOIN users u ON o.user_id = u.id',
    ];
    expect(key(bare, 'schema')).toBe(key(qualified, 'schema'));
    expect(key(bare, 'algebra')).not.toBe(key(qualified, 'algebra'));
  });

  it('names the rewrites it made', () => {
    const result = canonicalQuery('SELECT u.a FROM t u WHERE u.a > 1', { level: 'algebra', parse: parser.parse });
    expect(result).toMatchObject({ kind: 'key', rewrites: ['alias', 'comparison-direction', 'qualifier'] });
  });
});

describe('unsafe changes give another key', () => {
  it.each([
    ['literal', 'SELECT a FROM t WHERE a = 1', 'SELECT a FROM t WHERE a = 2'],
    ['literal type', 'SELECT a FROM t WHERE a = 1', "SELECT a FROM t WHERE a = '1'"],
    ['integer and decimal', 'SELECT a FROM t WHERE a = 1', 'SELECT a FROM t WHERE a = 1.0'],
    ['output alias', 'SELECT a AS x FROM t', 'SELECT a AS y FROM t'],
    ['select order', 'SELECT a, b FROM t', 'SELECT b, a FROM t'],
    ['schema', 'SELECT a FROM s.t', 'SELECT a FROM t'],
    ['DISTINCT', 'SELECT DISTINCT a FROM t', 'SELECT a FROM t'],
    ['COUNT(1)', 'SELECT COUNT(1) FROM t', 'SELECT COUNT(*) FROM t'],
    ['count of rows', 'SELECT count(t.*) FROM t', 'SELECT count(*) FROM t'],
    ['NOT and <>', 'SELECT a FROM t WHERE NOT a = 1', 'SELECT a FROM t WHERE a <> 1'],
    ['outer join sides', 'SELECT t.a FROM t LEFT JOIN s ON t.i = s.i', 'SELECT t.a FROM s LEFT JOIN t ON t.i = s.i'],
    ['quoted identifier', 'SELECT "A" FROM t', 'SELECT a FROM t'],
    ['column order under a star', 'SELECT * FROM t, s', 'SELECT * FROM s, t'],
    ['LIMIT', 'SELECT a FROM t LIMIT 1', 'SELECT a FROM t LIMIT 2'],
    ['order of float sums', 'SELECT a + b FROM t', 'SELECT b + a FROM t'],
    [
      'order of conjuncts that can fail',
      'SELECT a FROM t WHERE b <> 0 AND a / b > 1',
      'SELECT a FROM t WHERE a / b > 1 AND b <> 0',
    ],
    [
      'ORDER BY an output that hides the column',
      'SELECT a AS b, b AS a FROM t ORDER BY t.b',
      'SELECT a AS b, b AS a FROM t ORDER BY b',
    ],
    ['which table a column is of', 'SELECT x.a FROM t x, s y', 'SELECT y.a FROM t x, s y'],
    ['self-join sides', 'SELECT x.a FROM t x JOIN t y ON x.p = y.c', 'SELECT y.a FROM t x JOIN t y ON x.p = y.c'],
    [
      'inner and outer reference',
      'SELECT a FROM t x WHERE EXISTS (SELECT 1 FROM t y WHERE y.i = x.i)',
      'SELECT a FROM t x WHERE EXISTS (SELECT 1 FROM t y WHERE y.i = y.i)',
    ],
    ['whole row of an alias', 'SELECT u FROM users u', 'SELECT v FROM users v'],
    ['parameter number', 'SELECT a FROM t WHERE a = $1', 'SELECT a FROM t WHERE a = $2'],
    ['ASC and DESC', 'SELECT a FROM t ORDER BY a', 'SELECT a FROM t ORDER BY a DESC'],
    ['NULLS', 'SELECT a FROM t ORDER BY a NULLS FIRST', 'SELECT a FROM t ORDER BY a'],
    ['repeated operand that names the output', 'SELECT a AND a FROM t', 'SELECT a FROM t'],
    [
      'sort by an output PostgreSQL named',
      'SELECT lower(a) FROM t ORDER BY t.lower',
      'SELECT lower(a) FROM t ORDER BY lower',
    ],
    [
      'sort by the type a cast names',
      'SELECT 1::int8, a FROM t ORDER BY t.int8',
      'SELECT 1::int8, a FROM t ORDER BY int8',
    ],
    ['mixed IN kinds', "SELECT a FROM t WHERE a IN (1, '2')", "SELECT a FROM t WHERE a IN ('2', 1)"],
  ])('%s', (_name, a, b) => {
    expect(key(b)).not.toBe(key(a));
  });
});

describe('long statements', () => {
  it('of a list of any length and of hundreds of conditions have a key', () => {
    const list = Array.from({ length: 20_000 }, (_, i) => i);
    expect(key(`SELECT a FROM t WHERE b IN (${list.join(', ')})`)).toBe(
      key(`SELECT a FROM t WHERE b IN (${list.reverse().join(',')})`),
    );
    const names = list.slice(0, 3000).map((i) => `c${i}`);
    expect(key(`SELECT ${names.join(', ')} FROM t`)).toMatch(/^[0-9a-f]{32}$/);
    const conditions = list.slice(0, 700).map((i) => `b = ${i}`);
    expect(key(`SELECT a FROM t WHERE ${conditions.join(' OR ')}`)).toBe(
      key(`SELECT a FROM t WHERE ${conditions.reverse().join(' OR ')}`),
    );
  });

  it.each([
    ['terms', (n: number) => `SELECT 1${'+1'.repeat(n)}`],
    ['signs', (n: number) => `SELECT ${'- '.repeat(n)}a`],
    ['negations', (n: number) => `SELECT ${'NOT '.repeat(n)}a`],
    ['casts', (n: number) => `SELECT a${'::x'.repeat(n)}`],
    ['tests for null', (n: number) => `SELECT a${' isnull'.repeat(n)}`],
    ['collations', (n: number) => `SELECT a${' collate c'.repeat(n)}`],
    ['joins', (n: number) => `SELECT 1 FROM a${' natural join b'.repeat(n)}`],
    ['subqueries', (n: number) => `SELECT ${'exists (select '.repeat(n)}1${')'.repeat(n)}`],
  ])('of many %s are refused by their text, before they could exhaust the parser', (_name, sql) => {
    for (const n of [2000, 2499, 2501, 20_000]) expect(key(sql(n))).toMatch(/^bypass:too-(deep|large)$/);
    expect(parser.replaced).toBe(0);
  });
});

describe('bypass', () => {
  it.each([
    ['SELECT now()', 'volatile-function'],
    ['SELECT random()', 'volatile-function'],
    ['SELECT my_function(1)', 'unknown-function'],
    ['SELECT CURRENT_DATE', 'volatile-value'],
    ["SELECT 'now'::timestamp", 'volatile-value'],
    ["SELECT '{today,now}'::date[]", 'volatile-value'],
    ["SELECT '[2020-01-01, now)'::tsrange", 'volatile-value'],
    ['INSERT INTO t VALUES (1)', 'not-a-select'],
    ['WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x', 'data-modifying-cte'],
    ['SELECT a FROM t FOR UPDATE', 'locking'],
    ['SELECT a INTO b FROM t', 'select-into'],
    ['SELECT 1; SELECT 2', 'several-statements'],
    ['SELEC 1', 'unparsable'],
    ['', 'empty'],
    ['SELECT a FROM t TABLESAMPLE SYSTEM (1)', 'sampling'],
    ['SELECT a FROM pg_temp.t', 'temporary-table'],
    ["SELECT nextval('s')", 'volatile-function'],
    ['SELECT /* never closed', 'unparsable'],
    ['SELECT `a` FROM `t`', 'unparsable'],
  ])('%s: %s', (sql, reason) => {
    expect(key(sql)).toBe(`bypass:${reason}`);
  });

  it('a declared function may be shared', () => {
    const result = canonicalQuery('SELECT my_function(1)', {
      level: 'algebra',
      parse: parser.parse,
      shareableFunctions: new Set(['my_function']),
    });
    expect(result.kind).toBe('key');
  });

  it.each([
    ['10 MB', `SELECT '${'x'.repeat(10_000_000)}'`],
    ['10,000 parentheses', `SELECT ${'('.repeat(10_000)}1${')'.repeat(10_000)}`],
    ['50,000 terms', `SELECT 1${'+1'.repeat(50_000)}`],
    ['15,000 unions', `SELECT 1${' union select 1'.repeat(15_000)}`],
    ['20,000 CASEs', `SELECT ${'case when a then '.repeat(10_000)}1${' end'.repeat(10_000)}`],
    ['NUL', 'SELECT \0'],
  ])('%s ends soon in a bypass, and the parser goes on', (_name, sql) => {
    const started = performance.now();
    expect(key(sql)).toMatch(/^bypass:/);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(key('SELECT a FROM t')).toMatch(/^[0-9a-f]{32}$/);
  });
});
