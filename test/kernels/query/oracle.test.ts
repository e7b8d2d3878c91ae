import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Catalog, canonicalQuery, type QueryLevel, SqlParser } from '../../../src/kernels/query/index.ts';
import { describeWithData } from '../../data.ts';
import { duckdb, type Oracle, randomRows, sqlite, type TableData, type Value } from './random-database.ts';
import { Dice, randomQuery, TABLES } from './sql-model.ts';
import { REWRITES, write } from './sql-writer.ts';

const DATABASES = 48;
const MOST_ROWS = 30;
const SEED = 41;

let parser: SqlParser;
beforeAll(async () => {
  parser = await SqlParser.load();
});

function keyOf(sql: string, level: QueryLevel, catalog?: Catalog): string | undefined {
  const result = canonicalQuery(sql, { level, parse: parser.parse, ...(catalog === undefined ? {} : { catalog }) });
  return result.kind === 'key' ? `${level} ${result.key}` : undefined;
}

/** Texts that were taken for one, with the number of executions compared. */
interface Check {
  readonly differences: string[];
  compared: number;
  failed: number;
}

/** Every text of a group against the first, as bags. */
async function compare(groups: readonly (readonly string[])[], oracle: Oracle, check: Check): Promise<void> {
  const known = new Map<string, readonly string[] | undefined>();
  const rowsOf = async (sql: string) => {
    if (!known.has(sql)) known.set(sql, await oracle.rows(sql));
    return known.get(sql);
  };
  for (const [first = '', ...others] of groups) {
    const expected = await rowsOf(first);
    for (const other of others) {
      const rows = await rowsOf(other);
      if (expected === undefined || rows === undefined) check.failed++;
      else {
        check.compared++;
        if (JSON.stringify(rows) !== JSON.stringify(expected)) check.differences.push(`${first}\n${other}`);
      }
    }
  }
}

function groupsOf(texts: readonly string[], keys: (sql: string) => readonly (string | undefined)[]): string[][] {
  const groups = new Map<string, Set<string>>();
  for (const sql of texts) {
    for (const key of keys(sql)) {
      if (key === undefined) continue;
      const group = groups.get(key) ?? new Set();
      groups.set(key, group.add(sql));
    }
  }
  return [...groups.values()].filter((group) => group.size > 1).map((group) => [...group]);
}

/** Spider writes string literals in double quotes, as SQLite and MySQL allow. */
function literals(sql: string): string {
  return sql.replace(/"([^"]*)"/g, (_all, inner: string) => `'${inner.replaceAll("'", "''")}'`);
}

/** What the texts of a database ask for: random tables hold mostly that. */
function constantsOf(texts: readonly string[]): { numbers: number[]; words: string[] } {
  const all = texts.join('\n');
  const numbers = [...all.matchAll(/(?<![\w'.])\d+(?:\.\d+)?/g)].map((match) => Number(match[0]));
  const words = [...all.matchAll(/'((?:[^']|'')*)'/g)].map((match) =>
    (match[1] ?? '').replaceAll("''", "'").replaceAll('%', 'x'),
  );
  return { numbers: [...new Set([0, 1, 2, ...numbers])], words: [...new Set(['a', 'b', ...words])] };
}

describeWithData('Spider pairs taken for one', 'query/sqlsolver', (folder) => {
  const unzip = (name: string) => gunzipSync(readFileSync(join(folder, name))).toString();
  const pairs: { db: string; q1: string; q2: string; label: string }[] = unzip('spider_pairs_labelled.dev.jsonl.gz')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const schemas: Record<string, Record<string, string[]>> = JSON.parse(unzip('spider_schemas.json.gz'));

  it(`give the same rows on ${DATABASES} random databases`, async () => {
    const check: Check = { differences: [], compared: 0, failed: 0 };
    const apart = new Set<string>();
    let merged = 0;
    for (const db of [...new Set(pairs.map((pair) => pair.db))].sort()) {
      const texts = [
        ...new Set(pairs.filter((pair) => pair.db === db).flatMap(({ q1, q2 }) => [literals(q1), literals(q2)])),
      ];
      const schema = schemas[db] ?? {};
      const catalog: Catalog = new Map(Object.entries(schema).map(([table, columns]) => [table, new Set(columns)]));
      const groups = groupsOf(texts, (sql) => [keyOf(sql, 'schema', catalog), keyOf(sql, 'algebra')]);
      merged += groups.reduce((sum, group) => sum + group.length - 1, 0);
      const { numbers, words } = constantsOf(texts);
      for (let n = 0; n < DATABASES; n++) {
        const oracle = sqlite(randomTables(schema, numbers, words, new Dice(SEED * 1000 + n)));
        await compare(groups, oracle, check);
        for (const { q1, q2 } of pairs.filter((pair) => pair.db === db && pair.label === 'NEQ')) {
          const [left, right] = [await oracle.rows(literals(q1)), await oracle.rows(literals(q2))];
          if (JSON.stringify(left) !== JSON.stringify(right)) apart.add(`${q1}\n${q2}`);
        }
        oracle.close();
      }
    }
    // the databases are rude enough: they tell apart most of what is known to differ
    expect(apart.size).toBeGreaterThan(90);
    console.info(
      `oracle: ${merged} merges of Spider texts, ${check.compared} comparisons, ${check.failed} not executed`,
    );
    expect([...new Set(check.differences)].slice(0, 5)).toEqual([]);
    expect([check.failed, check.compared]).toEqual([0, merged * DATABASES]);
  }, 180_000);
});

function randomTables(
  schema: Readonly<Record<string, readonly string[]>>,
  numbers: readonly number[],
  words: readonly string[],
  dice: Dice,
): TableData[] {
  return Object.entries(schema).map(([name, columns]) => {
    const values = columns.map((column) => {
      const isNumber = /id$|year|age|num|count|price|rank|pop|amount|total/i.test(column) || dice.chance(0.4);
      // few values a column, so that conditions hold together
      const palette = Array.from({ length: 3 }, () =>
        isNumber ? dice.pick(numbers) + dice.below(3) - 1 : dice.pick(words),
      );
      return (): Value => (dice.chance(0.5) ? dice.pick(palette) : isNumber ? dice.below(5) : dice.pick(['a', 'b']));
    });
    return { name, columns: columns.map((column) => ({ name: column })), rows: randomRows(dice, values, MOST_ROWS) };
  });
}

/** The tables of Calcite's tests that its rewrites are about. */
const CALCITE: Readonly<Record<string, Readonly<Record<string, 'int' | 'text'>>>> = {
  emp: {
    empno: 'int',
    ename: 'text',
    job: 'text',
    mgr: 'int',
    hiredate: 'int',
    sal: 'int',
    comm: 'int',
    deptno: 'int',
    slacker: 'int',
  },
  dept: { deptno: 'int', name: 'text' },
  bonus: { ename: 'text', job: 'text', sal: 'int', comm: 'int' },
  account: { acctno: 'int', type: 'text', balance: 'int' },
};

describeWithData('Calcite rewrites taken for one', 'query/calcite-spes', (folder) => {
  it(`give the same rows on ${DATABASES} random databases`, async () => {
    const pairs: { q1: string; q2: string }[] = JSON.parse(readFileSync(join(folder, 'calcite_tests.json'), 'utf8'));
    // columns of VALUES have a name of DuckDB's; a time of day is a timestamp in no database
    const texts = pairs
      .flatMap(({ q1, q2 }) => [q1, q2])
      .map((sql) => sql.replaceAll('EXPR$', 'col'))
      .filter((sql) => !sql.includes('CAST(TIME'));
    const catalog: Catalog = new Map(
      Object.entries(CALCITE).map(([table, columns]) => [table, new Set(Object.keys(columns))]),
    );
    const groups = groupsOf(texts, (sql) => [keyOf(sql, 'schema', catalog), keyOf(sql, 'algebra')]);
    const check: Check = { differences: [], compared: 0, failed: 0 };
    for (let n = 0; n < DATABASES; n++) {
      const dice = new Dice(SEED * 2000 + n);
      const tables = Object.entries(CALCITE).map(([name, columns]) => ({
        name,
        columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
        rows: randomRows(
          dice,
          Object.values(columns).map(
            (type) => () =>
              type === 'int' ? dice.pick([0, 1, 5, 7, 10, 20, 30, 1000]) : dice.pick(['A', 'Charlie', 'Clerk', '']),
          ),
          MOST_ROWS,
        ),
      }));
      const oracle = await duckdb(tables);
      await compare(groups, oracle, check);
      oracle.close();
    }
    const merged = groups.reduce((sum, group) => sum + group.length - 1, 0);
    console.info(
      `oracle: ${merged} merges of Calcite texts, ${check.compared} comparisons, ${check.failed} not executed`,
    );
    expect([...new Set(check.differences)].slice(0, 5)).toEqual([]);
    expect([check.failed, check.compared]).toEqual([0, merged * DATABASES]);
  }, 180_000);
});

describe('rewritten queries', () => {
  it('give the same rows on DuckDB as before', async () => {
    const check: Check = { differences: [], compared: 0, failed: 0 };
    for (let n = 0; n < 4; n++) {
      const dice = new Dice(SEED * 3000 + n);
      const oracle = await duckdb(
        Object.entries(TABLES).map(([name, columns]) => ({
          name,
          columns: columns.map((column) => ({ name: column })),
          rows: randomRows(
            dice,
            columns.map(() => () => dice.below(12)),
            MOST_ROWS,
          ),
        })),
      );
      for (let i = 0; i < 300; i++) {
        const { limit, ...query } = randomQuery(dice); // which rows a LIMIT takes is open where the order is
        const [plain, other] = [write(query, new Set(), dice, true), write(query, new Set(REWRITES), dice, true)];
        await compare(
          [[plain, other.replaceAll('pg_catalog.int4', 'int4').replaceAll('PG_CATALOG.INT4', 'INT4')]],
          oracle,
          check,
        );
      }
      oracle.close();
    }
    console.info(`oracle: ${check.compared} rewritten queries compared, ${check.failed} not executed`);
    expect(check.differences.slice(0, 5)).toEqual([]);
    expect(check.compared).toBeGreaterThan(800);
  }, 180_000);
});
