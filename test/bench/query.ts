import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Value } from '@sinclair/typebox/value';
import { canonicalQuery, QueryKeys, queryGate, SqlParser } from '../../src/kernels/query/index.ts';
import { dedupQueries } from '../../src/operators/dedup-queries.ts';
import { Dice, randomQuery } from '../kernels/query/sql-model.ts';
import { write } from '../kernels/query/sql-writer.ts';
import { CollectOut, recordOf, testDeps } from '../support/collect-out.ts';
import { type BenchOptions, median, type Table } from './table.ts';

const PAIRS = '../shared/data/query/sqlsolver/spider_pairs_labelled.dev.jsonl.gz';
const CALLS = 200_000;
const REQUESTS = 200_000;
const BATCH = 1000;

class NullOut extends CollectOut {
  override emit(): void {}
}

/** Costs of recognizing queries: a known text, a new one, the operator at 90 % repeats, and the gate on a cached result. */
export async function run(options: BenchOptions): Promise<Table> {
  const parser = await SqlParser.load();
  const { texts: all, from } = queries();
  const canonical = (sql: string) => canonicalQuery(sql, { level: 'algebra', parse: parser.parse });
  const texts = all.filter((sql) => canonical(sql).kind === 'key');
  const rows: [string, string | number, string][] = [];
  const add = (what: string, values: readonly number[], unit: string) => rows.push([what, median(values), unit]);
  const rounds = Array.from({ length: options.runs }, (_, i) => i);
  add(
    'libpg-query: parse',
    rounds.map(() => median(texts.map((sql) => time(() => parser.parse(sql))))),
    'µs',
  );
  add(
    'parse and canonical form',
    rounds.map(() => median(texts.map((sql) => time(() => canonical(sql))))),
    'µs',
  );
  add(
    'known text and context',
    rounds.map(() => hit(parser, texts, (i) => ({ tenant: `t${i % 7}` }))),
    'µs',
  );
  add(
    'known text, new parameters',
    rounds.map((round) => hit(parser, texts, (i) => ({ params: [i, round] }))),
    'µs',
  );
  const gate = await queryGate({ execute: async (sql: string) => [sql], cache: { ttlMs: 1e9, maxEntries: 20_000 } });
  for (const sql of texts) await gate.query(sql);
  const gated = await Promise.all(rounds.map(() => each(texts, (sql) => gate.query(sql))));
  add('gate: cached result', gated, 'µs');
  const requests = await Promise.all(rounds.map((round) => operator(texts, options.seed + round)));
  add('operator, 90 % repeats', requests, 'requests/s');
  return {
    title: 'repeated queries',
    columns: ['what', 'median', 'unit'],
    rows,
    notes: [
      `${texts.length} texts, ${from}; operator: records of JSON text with a tenant, decoding included; processor time of the thread, single parses by the clock`,
    ],
  };
}

export function queries(): { texts: string[]; from: string } {
  const file = resolve(
    import.meta.dirname,
    '../..',
    process.env.SLUICE_DATA === undefined ? PAIRS : join(process.env.SLUICE_DATA, PAIRS.slice(15)),
  );
  if (existsSync(file)) {
    const lines = gunzipSync(readFileSync(file)).toString().trim().split('\n');
    const pairs: { q1: string; q2: string }[] = lines.map((line) => JSON.parse(line));
    const texts = new Set(pairs.flatMap(({ q1, q2 }) => [q1, q2].map((sql) => sql.replace(/"([^"]*)"/g, "'$1'"))));
    return { texts: [...texts], from: 'Spider dev' };
  }
  const dice = new Dice(1);
  return {
    texts: Array.from({ length: 2000 }, () => write(randomQuery(dice), new Set(), dice, true)),
    from: 'generated',
  };
}

/** Milliseconds of processor time this thread has had: what other processes do hardly shows. */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function time(fn: () => unknown): number {
  const start = performance.now();
  fn();
  return (performance.now() - start) * 1000;
}

export function hit(
  parser: SqlParser,
  texts: readonly string[],
  context: (i: number) => object,
  count = CALLS,
): number {
  const keys = new QueryKeys({ dialect: 'postgres', level: 'algebra', parser, memoEntries: 100_000 });
  const calls = Array.from({ length: count }, (_, i) => ({ sql: texts[i % texts.length] ?? '', context: context(i) }));
  for (const { sql, context } of calls.slice(0, texts.length * 7)) keys.key(sql, context);
  const start = cpuMs();
  for (const { sql, context } of calls) keys.key(sql, context);
  return ((cpuMs() - start) * 1000) / calls.length;
}

async function each(texts: readonly string[], fn: (sql: string) => Promise<unknown>): Promise<number> {
  const start = cpuMs();
  for (let i = 0; i < CALLS; i++) await fn(texts[i % texts.length] ?? '');
  return ((cpuMs() - start) * 1000) / CALLS;
}

/** One in ten requests is a text not met before, which has to be parsed. */
export async function operator(texts: readonly string[], seed: number, requests = REQUESTS): Promise<number> {
  const config = Value.Default(dedupQueries.config, { query: 'sql', tenant: 'tenant', window: 'all' });
  const kernel = await dedupQueries.create(config as never, testDeps());
  const dice = new Dice(seed);
  const known: string[] = [];
  const records = Array.from({ length: requests }, (_, i) => {
    const fresh = known.length === 0 || dice.chance(0.1);
    const sql = fresh ? `${texts[known.length % texts.length]} -- ${known.length}` : dice.pick(known.slice(-5000));
    if (fresh) known.push(sql);
    return recordOf({ id: i, tenant: 'a', sql }, i);
  });
  const out = new NullOut();
  const none = new Float64Array(BATCH).fill(Number.NaN);
  const start = cpuMs();
  for (let i = 0; i < records.length; i += BATCH) kernel.process(records.slice(i, i + BATCH), none, out);
  return Math.round((requests / (cpuMs() - start)) * 1000);
}
