import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalQuery, SqlParser } from '../../../src/kernels/query/index.ts';
import { cpuMs, hit } from '../../bench/query.ts';
import { slowness } from '../../support/slowness.ts';
import { Dice, randomQuery } from './sql-model.ts';
import { write } from './sql-writer.ts';

let parser: SqlParser;
let texts: string[] = [];
beforeAll(async () => {
  parser = await SqlParser.load();
  const dice = new Dice(2);
  texts = Array.from({ length: 600 }, () => write(randomQuery(dice), new Set(), dice, true));
});

/** Processor time, in units of a machine that parses JSON as fast as the one of the figures; the best of three counts. */
async function best(measure: () => number | Promise<number>): Promise<number> {
  const found: number[] = [];
  for (let i = 0; i < 3; i++) found.push(await measure());
  return Math.min(...found);
}

describe('cost of recognizing queries', () => {
  it('a known text takes at most 5 µs', async () => {
    expect(
      await best(() => hit(parser, texts.slice(0, 500), (i) => ({ tenant: i % 7 }), 10_000) / slowness()),
    ).toBeLessThan(5);
  }, 60_000);

  it('a new text takes at most 1 ms', async () => {
    const canonical = (sql: string) => canonicalQuery(sql, { level: 'algebra', parse: parser.parse });
    const one = () => {
      const start = cpuMs();
      for (const sql of texts) canonical(sql);
      return (cpuMs() - start) / texts.length / slowness();
    };
    expect(await best(one)).toBeLessThan(1);
  }, 60_000);

  it('the operator takes half of 100,000 requests a second and core, on a machine that has other things to do', () => {
    const script = join(import.meta.dirname, '..', '..', 'bench', 'query', 'operator-rate.ts');
    const rate = Number(execFileSync(process.execPath, [script], { encoding: 'utf8' })) * slowness();
    console.info(`operator: ${Math.round(rate)} requests a second of processor time, nine in ten repeated`);
    expect(rate).toBeGreaterThan(50_000);
  }, 180_000);
});
