import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalQuery, type QueryLevel, SqlParser } from '../../../src/kernels/query/index.ts';
import { plainText } from '../../../src/kernels/query/plain-text.ts';

let parser: SqlParser;
beforeAll(async () => {
  parser = await SqlParser.load();
});

/** Milliseconds of processor time this thread has had. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function key(sql: string, level: QueryLevel = 'algebra'): string {
  const result = canonicalQuery(sql, { level, parse: parser.parse });
  return result.kind === 'key' ? result.key : `bypass:${result.reason}`;
}

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
    ['SELECT CURRENT_DATE, my_function(1)', 'unknown-function'],
    ['SELECT other.now()', 'unknown-function'],
    ["SELECT 'now'::timestamp", 'volatile-value'],
    ["SELECT '{today,now}'::date[]", 'volatile-value'],
    ["SELECT '[2020-01-01, now)'::tsrange", 'volatile-value'],
    ["SELECT '10:00 today'::timestamp", 'volatile-value'],
    ["SELECT 'allballs tomorrow'::timestamp", 'volatile-value'],
    ['SELECT pid FROM pg_stat_activity', 'system-catalog'],
    ['SELECT table_name FROM information_schema.tables', 'system-catalog'],
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

  it('level text too knows what must not be shared', () => {
    expect(key('SELECT now()', 'text')).toBe('bypass:volatile-function');
    expect(key('DELETE FROM t', 'text')).toBe('bypass:not-a-select');
    expect(key('SELECT a FROM t', 'text')).toBe(key(' SELECT a FROM t\n', 'text'));
    expect(key('SELECT a FROM t', 'text')).not.toBe(key('select a from t', 'text'));
    expect(key('SELECT a FROM t', 'text')).not.toBe(key('SELECT a FROM t\u00a0', 'text'));
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
    ['200,000 spaces', `SELECT${' '.repeat(200_000)}+`],
    ['200,000 comments begun', `SELECT 1 ${'/*'.repeat(100_000)}`],
    ['250 comments begun at a time', `SELECT 1 ${`${'/*'.repeat(250)} `.repeat(400)}`],
    ['minus and comment', `SELECT 1 ${'-/*'.repeat(60_000)}`],
    ['unicode escapes', `SELECT U&'${'\\0041'.repeat(40_000)}`],
    ['continued texts', `SELECT ${"'a'\n".repeat(60_000)}+`],
    ['numbers', `SELECT ${'1.1e'.repeat(60_000)}`],
    ['200,000 quotes', `SELECT ${"'".repeat(199_999)}`],
    ['brackets that never close', `SELECT ${'['.repeat(150)}`],
    ['words of MySQL', `SELECT a FROM t LIMIT ${'1,'.repeat(50_000)}1`],
  ])('%s ends soon in a bypass, and the parser goes on', (_name, sql) => {
    const started = cpuMs();
    expect(key(sql)).toMatch(/^bypass:/);
    expect(cpuMs() - started).toBeLessThan(2000);
    expect(key('SELECT a FROM t')).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ['spaces', ' '.repeat(300_000)],
    ['comments', '/*'.repeat(150_000)],
    ['stars', `/*${'*'.repeat(300_000)}`],
    ['dashes', '--\n'.repeat(100_000)],
    ['words', 'now '.repeat(100_000)],
    ['for', 'for   '.repeat(60_000)],
  ])('300,000 characters of %s in another language take no time either', (_name, text) => {
    const started = cpuMs();
    plainText(`a${text}b`);
    plainText(text);
    expect(cpuMs() - started).toBeLessThan(2000);
  });
});
