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
    ['constant conditions', 'SELECT a FROM t WHERE 1 = 1 AND a = 2', 'SELECT a FROM t WHERE a = 2 AND TRUE'],
    ['a condition that is always true', 'SELECT a FROM t WHERE 1 = 1', 'SELECT a FROM t'],
    ['joined on true', 'SELECT t.a FROM t JOIN s ON true', 'SELECT t.a FROM s, t'],
    ['FALSE in OR', 'SELECT a FROM t WHERE a = 1 OR 1 > 2 OR b = 2', 'SELECT a FROM t WHERE b = 2 OR a = 1'],
    ['integers in a condition', 'SELECT a FROM t WHERE a > 10 / 4 * 3 - 1', 'SELECT a FROM t WHERE a > 5'],
    ['a column as a condition, twice', 'SELECT a FROM t WHERE b AND b', 'SELECT a FROM t WHERE b'],
    ['IN list of one number, repeated', 'SELECT a FROM t WHERE a IN (3, 3)', 'SELECT a FROM t WHERE a = 3'],
    [
      'inner join order of four tables',
      'SELECT a.x FROM a JOIN b ON a.i = b.i JOIN c ON b.j = c.j JOIN d ON c.k = d.k WHERE d.x = 1',
      'SELECT a.x FROM d, c JOIN b ON b.j = c.j, a WHERE a.i = b.i AND c.k = d.k AND d.x = 1',
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
    // a real column is compared as real with a list, as double with a single number
    ['decimal repeated in a list', 'SELECT a FROM t WHERE a IN (1.1, 1.1)', 'SELECT a FROM t WHERE a = 1.1'],
    ['integer beyond real', 'SELECT a FROM t WHERE a IN (16777217, 16777217)', 'SELECT a FROM t WHERE a = 16777217'],
    [
      'join order under sums',
      'SELECT sum(t.a) FROM t JOIN s ON t.i = s.i',
      'SELECT sum(t.a) FROM s JOIN t ON t.i = s.i',
    ],
    [
      'join order under LIMIT outside',
      'SELECT q.a FROM (SELECT t.a FROM t JOIN s ON t.i = s.i) q LIMIT 1',
      'SELECT q.a FROM (SELECT t.a FROM s JOIN t ON t.i = s.i) q LIMIT 1',
    ],
    [
      'join order inside an array',
      'SELECT ARRAY(SELECT t.a FROM t JOIN s ON t.i = s.i)',
      'SELECT ARRAY(SELECT t.a FROM s JOIN t ON t.i = s.i)',
    ],
    [
      'join order of a CTE that is numbered',
      'WITH q AS (SELECT t.a FROM t JOIN s ON t.i = s.i) SELECT (SELECT q.a FROM q LIMIT 1)',
      'WITH q AS (SELECT t.a FROM s JOIN t ON t.i = s.i) SELECT (SELECT q.a FROM q LIMIT 1)',
    ],
    [
      'join order of a union with LIMIT',
      'SELECT t.a FROM t JOIN s ON t.i = s.i UNION ALL SELECT 1 LIMIT 1',
      'SELECT t.a FROM s JOIN t ON t.i = s.i UNION ALL SELECT 1 LIMIT 1',
    ],
    [
      'a condition that names what is joined later',
      'SELECT (SELECT count(*) FROM a JOIN b ON a.k = x JOIN c ON c.k = a.k) FROM o',
      'SELECT (SELECT count(*) FROM a, b, c WHERE a.k = x AND c.k = a.k) FROM o',
    ],
    [
      'an outer table of the name of one joined later',
      'SELECT (SELECT count(*) FROM a JOIN b ON a.k = c.x JOIN c ON c.k = a.k) FROM o c',
      'SELECT (SELECT count(*) FROM a JOIN b ON true JOIN c ON c.k = a.k AND a.k = c.x) FROM o c',
    ],
    [
      'bare column in a subquery, of the inner or the outer table',
      'SELECT a FROM t WHERE EXISTS (SELECT 1 FROM s WHERE i = 1)',
      'SELECT a FROM t WHERE EXISTS (SELECT 1 FROM s WHERE s.i = 1)',
    ],
    ['a qualifier of nothing', 'SELECT d1_1.a FROM t, s', 'SELECT t.a FROM t, s'],
    [
      'schema-qualified column of a table the search path finds',
      'SELECT 1 FROM s.t WHERE EXISTS (SELECT 1 FROM t WHERE s.t.a = 1)',
      'SELECT 1 FROM s.t y WHERE EXISTS (SELECT 1 FROM t z WHERE y.a = 1)',
    ],
    [
      'what LATERAL sees',
      'SELECT 1 FROM o c WHERE EXISTS (SELECT 1 FROM a, LATERAL (SELECT c.x) q, t c)',
      'SELECT 1 FROM o c WHERE EXISTS (SELECT 1 FROM a, LATERAL (SELECT d.x) q, t d)',
    ],
    [
      'order of CASE',
      'SELECT CASE WHEN a = 1 THEN 1 WHEN b = 1 THEN 2 END FROM t',
      'SELECT CASE WHEN b = 1 THEN 2 WHEN a = 1 THEN 1 END FROM t',
    ],
    ['DISTINCT ON', 'SELECT DISTINCT ON (a) a, b FROM t', 'SELECT DISTINCT ON (b) a, b FROM t'],
    ['USING and ON', 'SELECT * FROM t JOIN s USING (i)', 'SELECT * FROM t JOIN s ON t.i = s.i'],
    ['UNION and UNION ALL', 'SELECT a FROM t UNION SELECT a FROM s', 'SELECT a FROM t UNION ALL SELECT a FROM s'],
    ['sides of EXCEPT', 'SELECT a FROM t EXCEPT SELECT a FROM s', 'SELECT a FROM s EXCEPT SELECT a FROM t'],
    [
      'NOT IN and NOT EXISTS',
      'SELECT a FROM t WHERE a NOT IN (SELECT s.b FROM s)',
      'SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM s WHERE s.b = t.a)',
    ],
    ['IS NOT DISTINCT FROM', 'SELECT a FROM t WHERE a IS NOT DISTINCT FROM b', 'SELECT a FROM t WHERE a = b'],
    ['collation', 'SELECT a FROM t WHERE a < b COLLATE "C"', 'SELECT a FROM t WHERE a < b'],
    ['position and column', 'SELECT a, b FROM t ORDER BY 1', 'SELECT a, b FROM t ORDER BY 2'],
    ['ONLY', 'SELECT a FROM ONLY t', 'SELECT a FROM t'],
    ['WITH TIES', 'SELECT a FROM t ORDER BY a FETCH FIRST 1 ROW WITH TIES', 'SELECT a FROM t ORDER BY a LIMIT 1'],
    ['ILIKE', "SELECT a FROM t WHERE a LIKE 'x'", "SELECT a FROM t WHERE a ILIKE 'x'"],
    [
      'frame of a window',
      'SELECT count(*) OVER (ORDER BY a) FROM t',
      'SELECT count(*) OVER (ORDER BY a ROWS UNBOUNDED PRECEDING) FROM t',
    ],
    ['FILTER and WHERE', 'SELECT count(*) FILTER (WHERE a = 1) FROM t', 'SELECT count(*) FROM t WHERE a = 1'],
    ['width of char', "SELECT 'ab'::char(1)", "SELECT 'ab'::char(2)"],
  ])('%s', (_name, a, b) => {
    expect(key(b)).not.toBe(key(a));
  });
});
