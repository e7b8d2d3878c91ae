// How fast one kernel takes texts or records, one in five an earlier one with a word changed. Arguments: what, how many, seed.
import { uniform } from '../../../src/core/hash.ts';
import { dedupNear } from '../../../src/operators/dedup-near.ts';
import { CollectOut, recordOf, testDeps } from '../../support/collect-out.ts';

export type Paced = 'texts' | 'records';

export interface Pace {
  /** Records a second of CPU: all of them, and the last fifth. */
  readonly rate: number;
  readonly last: number;
  /** Of state a record. */
  readonly bytes: number;
}

const BATCH = 1000;
const LAST = 0.2;
/** Taken by another kernel first: compiling the code is not what is measured. */
const WARM_UP = 20_000;

const [what = 'records', count = '100000', seedText = '7'] = process.argv.slice(2);
const seed = Number(seedText);
const config =
  what === 'texts' ? { kind: 'text', fields: ['t'] } : { kind: 'person', fields: ['name', 'street', 'town'] };
const row = what === 'texts' ? text : person;
pace(WARM_UP);
console.log(JSON.stringify(pace(Number(count))));

function word(...at: number[]): string {
  return `w${Math.floor(uniform(seed, ...at) ** 3 * 50_000)}`;
}

function sourceOf(i: number): number {
  return uniform(seed, i, 1) < 0.2 ? Math.floor(uniform(seed, i, 2) * i) : i;
}

function text(i: number): object {
  const of = sourceOf(i);
  return { t: Array.from({ length: 40 }, (_, w) => (of !== i && w === 20 ? 'changed' : word(of, w, 3))).join(' ') };
}

function person(i: number): object {
  const of = sourceOf(i);
  return {
    name: `${word(of, 4)} ${word(of, 5)}${of === i ? '' : 'x'}`,
    street: `${Math.floor(uniform(seed, of, 6) * 200)} ${word(of, 7)} street`,
    town: word(of, 8),
  };
}

function pace(records: number): Pace {
  const kernel = dedupNear.create(config as never, testDeps());
  if (kernel instanceof Promise) throw new Error('dedup-near is made at once');
  let [spent, early] = [0, 0];
  for (let at = 0; at < records; at += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, records - at) }, (_, i) => recordOf(row(at + i), at + i));
    const time = new Float64Array(batch.length).fill(Number.NaN);
    const out = new CollectOut();
    const from = process.cpuUsage();
    kernel.process(batch, time, out);
    const { user } = process.cpuUsage(from);
    spent += user;
    if (at < (1 - LAST) * records) early += user;
  }
  const bytes = (kernel.stats?.().bytes ?? 0) / records;
  return { rate: (records / spent) * 1e6, last: ((LAST * records) / (spent - early)) * 1e6, bytes };
}
