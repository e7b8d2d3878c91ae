import { beforeAll, describe, expect, it } from 'vitest';
import { type CanonicalResult, type Catalog, canonicalQuery, SqlParser } from '../../../src/kernels/query/index.ts';
import { Dice, type Query, randomQuery, TABLES } from './sql-model.ts';
import { MUTATIONS } from './sql-mutations.ts';
import { REWRITES, type Rewrite, write } from './sql-writer.ts';

const CASES = 10_000;
const SEED = 20_260_101;
const NONE: ReadonlySet<Rewrite> = new Set();
const ALL: ReadonlySet<Rewrite> = new Set(REWRITES);
const catalog: Catalog = new Map(Object.entries(TABLES).map(([table, columns]) => [table, new Set(columns)]));

let parser: SqlParser;
beforeAll(async () => {
  parser = await SqlParser.load();
});

interface Case {
  readonly query: Query;
  readonly dice: Dice;
  readonly schemaLevel: boolean;
  readonly plain: string;
}

/** The n-th case: the same on every run, whatever ran before. */
function caseOf(n: number): Case {
  const dice = new Dice(SEED + n * 7919);
  const query = randomQuery(dice);
  const schemaLevel = dice.chance(0.5);
  return { query, dice, schemaLevel, plain: write(query, NONE, dice, schemaLevel) };
}

function canonical(sql: string, schemaLevel: boolean): Extract<CanonicalResult, { kind: 'key' }> {
  const result = canonicalQuery(sql, { level: schemaLevel ? 'schema' : 'algebra', parse: parser.parse, catalog });
  if (result.kind !== 'key') throw new Error(`${result.reason}: ${sql}`);
  return result;
}

const plainKeys = new Map<number, string>();

/** Key of a case as it stands: both laws ask for it. */
function plainKey(n: number, { plain, schemaLevel }: Case): string {
  const known = plainKeys.get(n) ?? canonical(plain, schemaLevel).key;
  plainKeys.set(n, known);
  return known;
}

/** About 10 s of work each on a machine that has nothing else to do. */
const PATIENCE_MS = 180_000;

describe(`${CASES} seeded queries`, () => {
  it(
    'keep their key under any number of safe rewrites',
    () => {
      const apart: string[] = [];
      let rewritten = 0;
      for (let n = 0; n < CASES; n++) {
        const one = caseOf(n);
        const { query, dice, schemaLevel, plain } = one;
        const rewrites = new Set(dice.shuffle(REWRITES).slice(0, 1 + dice.below(REWRITES.length)));
        const other = write(query, rewrites, dice, schemaLevel);
        if (other !== plain) rewritten++;
        if (canonical(other, schemaLevel).key !== plainKey(n, one)) apart.push(`${n}\n${plain}\n${other}`);
      }
      expect(apart.slice(0, 5)).toEqual([]);
      expect(rewritten).toBeGreaterThan(CASES * 0.9);
    },
    PATIENCE_MS,
  );

  it(
    'change their key under one unsafe mutation, however it is written',
    () => {
      const together: string[] = [];
      const seen = new Map<string, number>();
      const names = Object.keys(MUTATIONS);
      for (let n = 0; n < CASES; n++) {
        const one = caseOf(n);
        const { query, dice, schemaLevel, plain } = one;
        const start = n % names.length;
        for (let i = 0; i < names.length; i++) {
          const name = names[(start + i) % names.length] ?? '';
          const mutant = MUTATIONS[name]?.(query, dice);
          if (mutant === undefined) continue;
          seen.set(name, (seen.get(name) ?? 0) + 1);
          const other = write(mutant, ALL, dice, schemaLevel);
          if (canonical(other, schemaLevel).key === plainKey(n, one)) together.push(`${n} ${name}\n${plain}\n${other}`);
          break;
        }
      }
      expect(together.slice(0, 5)).toEqual([]);
      expect([...seen.keys()].sort()).toEqual([...names].sort());
      expect(Math.min(...seen.values())).toBeGreaterThan(100);
    },
    PATIENCE_MS,
  );

  it(
    'have a canonical form that is its own canonical form',
    () => {
      for (let n = 0; n < CASES; n += 5) {
        const { schemaLevel, plain } = caseOf(n);
        const once = canonical(plain, schemaLevel).canonical;
        const again = canonicalQuery('again', {
          level: schemaLevel ? 'schema' : 'algebra',
          catalog,
          parse: () => ({ stmts: [{ stmt: JSON.parse(once) }] }),
        });
        expect(again).toMatchObject({ canonical: once });
      }
    },
    PATIENCE_MS,
  );
});
