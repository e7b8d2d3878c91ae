import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CanonicalResult,
  type Catalog,
  canonicalQuery,
  type QueryLevel,
  SqlParser,
} from '../../../src/kernels/query/index.ts';
import { describeWithData } from '../../data.ts';

let parser: SqlParser;
beforeAll(async () => {
  parser = await SqlParser.load();
});

function canonical(sql: string, level: QueryLevel = 'algebra', catalog?: Catalog): CanonicalResult {
  return canonicalQuery(sql, { level, parse: parser.parse, ...(catalog === undefined ? {} : { catalog }) });
}

function merged(a: string, b: string, level: QueryLevel = 'algebra', catalog?: Catalog): boolean {
  const [left, right] = [canonical(a, level, catalog), canonical(b, level, catalog)];
  return left.kind === 'key' && right.kind === 'key' && left.key === right.key;
}

/** Spider writes string literals in double quotes, as SQLite and MySQL allow. */
function literals(sql: string): string {
  return sql.replace(/"([^"]*)"/g, (_all, inner: string) => `'${inner.replaceAll("'", "''")}'`);
}

interface LabelledPair {
  readonly db: string;
  readonly q1: string;
  readonly q2: string;
  readonly label: 'EQ_TESTED' | 'NEQ' | 'NEQ_NONDET' | 'UNTESTED' | 'ERR';
}

describeWithData('Q1: Spider pairs', 'query/sqlsolver', (folder) => {
  const unzip = (name: string) => gunzipSync(readFileSync(join(folder, name))).toString();
  const pairs: LabelledPair[] = unzip('spider_pairs_labelled.dev.jsonl.gz')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const schemas: Record<string, Record<string, string[]>> = JSON.parse(unzip('spider_schemas.json.gz'));
  const catalogs = new Map(
    Object.entries(schemas).map(([db, tables]) => [
      db,
      new Map(Object.entries(tables).map(([table, columns]) => [table, new Set(columns)])),
    ]),
  );

  it.each([
    ['algebra', 0.85],
    ['schema', 0.95],
  ] as const)(
    'at level %s merges at least the minimum of equivalent pairs and not one of the others',
    (level, minimum) => {
      const seen = { EQ_TESTED: 0, NEQ: 0, NEQ_NONDET: 0, UNTESTED: 0, ERR: 0 };
      const together = { ...seen };
      for (const pair of pairs) {
        seen[pair.label]++;
        if (merged(literals(pair.q1), literals(pair.q2), level, catalogs.get(pair.db))) together[pair.label]++;
      }
      console.info(
        `Q1 ${level}: ${together.EQ_TESTED} of ${seen.EQ_TESTED} merged; raw text merges 0; wrong ${together.NEQ + together.NEQ_NONDET}`,
      );
      expect(seen).toMatchObject({ EQ_TESTED: 1588, NEQ: 126, NEQ_NONDET: 187 });
      expect(together.NEQ + together.NEQ_NONDET).toBe(0);
      expect(together.EQ_TESTED / seen.EQ_TESTED).toBeGreaterThanOrEqual(minimum);
    },
  );
});

describeWithData('Q2: pairs that must stay apart', 'query/libpg-fingerprint', (folder) => {
  const collisions: { q1: string; q2: string; result_equivalent: boolean }[] = JSON.parse(
    readFileSync(join(folder, 'fingerprint_collisions.json'), 'utf8'),
  );
  const apart = collisions.filter((pair) => !pair.result_equivalent);

  it('separates the 33 colliding fingerprints that are not equivalent', () => {
    expect(apart).toHaveLength(33);
    expect(apart.filter((pair) => merged(pair.q1, pair.q2, 'schema')).map((pair) => pair.q1)).toEqual([]);
  });
});

describeWithData('Q2: Cosette', 'query/cosette', (folder) => {
  /** The statements between backquotes of a .cos file. */
  const queries = (file: string) =>
    [...readFileSync(file, 'utf8').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

  it.each(['inequal_queries', 'conditional'])('merges nothing of %s', (kind) => {
    const files = readdirSync(join(folder, kind)).filter((name) => name.endsWith('.cos'));
    expect(files.length).toBeGreaterThanOrEqual(7);
    for (const name of files) {
      const [a, b] = queries(join(folder, kind, name));
      expect([name, merged(a ?? '', b ?? '')]).toEqual([name, false]);
    }
  });
});

describeWithData('Q3: Calcite rewrites', 'query/calcite-spes', (folder) => {
  it('merges at least 25 of the 232 equivalent pairs', () => {
    const pairs: { q1: string; q2: string }[] = JSON.parse(readFileSync(join(folder, 'calcite_tests.json'), 'utf8'));
    const together = pairs.filter((pair) => merged(pair.q1, pair.q2)).length;
    console.info(`Q3: ${together} of ${pairs.length} merged`);
    expect(pairs).toHaveLength(232);
    expect(together).toBeGreaterThanOrEqual(25);
  });
});

describeWithData('Q5: sqlglot', 'query/sqlglot', (folder) => {
  it('every line of identity.sql gets a key or a bypass', () => {
    const lines = readFileSync(join(folder, 'identity.sql'), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    const results = lines.map((line) => canonical(line, 'schema'));
    const keyed = results.filter((result) => result.kind === 'key').length;
    console.info(`Q5: ${keyed} of ${lines.length} keyed, the rest bypassed`);
    expect(lines.length).toBeGreaterThan(800);
    expect(keyed).toBeGreaterThan(100);
  });
});

describe('canonical form', () => {
  it('does not change when it is asked again, and the memo of texts has no part in it', () => {
    const sql = 'SELECT u.name FROM users u WHERE 1 = u.id AND u.b > 2';
    expect(canonical(sql)).toEqual(canonical(sql));
  });
});
