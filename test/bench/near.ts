import { uniform } from '../../src/core/hash.ts';
import { dedupNear } from '../../src/operators/dedup-near.ts';
import { scoreBatch, scoreSet } from '../kernels/near/score.ts';
import {
  type MatchSet,
  readArticles,
  readCora,
  readFebrl,
  readProducts,
  readRestaurants,
  readSplink,
} from '../kernels/near/sets.ts';
import { CollectOut, recordOf, testDeps } from '../support/collect-out.ts';
import { type BenchOptions, median, type Table } from './table.ts';

type Line = readonly (string | number)[];

const SETS: readonly (readonly [() => MatchSet, minimum: number, aim: number, published: string])[] = [
  [() => readArticles(100), 1, 1, ''],
  [() => readArticles(1000), 1, 1, 'SimHash d<=3 P .714'],
  [readCora, 0.83, 0.88, 'pyJedAI .771, its best candidates .858'],
  [() => readFebrl(1), 0.99, 1, 'MinHash .991'],
  [() => readFebrl(4), 0.99, 1, ''],
  [readRestaurants, 0.97, 0.99, 'Magellan, DeepMatcher, Ditto 1.00 on given pairs'],
  [readProducts, 0.93, 0.955, 'pyJedAI .947 end to end; Ditto .893 on given pairs'],
  [readSplink, 0.94, 0.97, ''],
];

/** Acceptance figures N1 to N6 beside published ones and the whole-set baseline; speed of texts and records at three sizes. */
export async function run(options: BenchOptions): Promise<Table> {
  const rows: Line[] = [];
  for (const [read, minimum, aim, published] of SETS) {
    const set = read();
    const from = process.cpuUsage();
    const once = await scoreSet(set);
    const seconds = process.cpuUsage(from).user / 1e6;
    rows.push([
      `${set.name}${set.source === undefined ? '' : ', one-to-one'}`,
      f(once.precision),
      f(once.recall),
      f(once.f1),
      f(minimum),
      f(aim),
      f(scoreBatch(set).f1),
      published,
      seconds,
    ]);
  }
  return {
    title: 'near-duplicates of public sets: pairwise, in one pass, one set of constants a kind',
    columns: ['set', 'P', 'R', 'F1', 'minimum', 'aim', 'batch F1', 'published', 'seconds'],
    rows,
    notes: [
      'batch: all pairs of the whole set at or above the threshold, with the frequencies of the whole set',
      ...speed(options),
    ],
  };
}

/** Texts of 40 words and records of three fields; one in five is an earlier one with a word changed. */
function speed({ runs, records, seed }: BenchOptions): string[] {
  const word = (...at: number[]): string => `w${Math.floor(uniform(seed, ...at) ** 3 * 50_000)}`;
  const sourceOf = (i: number): number => (uniform(seed, i, 1) < 0.2 ? Math.floor(uniform(seed, i, 2) * i) : i);
  const text = (i: number): object => {
    const of = sourceOf(i);
    return { t: Array.from({ length: 40 }, (_, w) => (of !== i && w === 20 ? 'changed' : word(of, w, 3))).join(' ') };
  };
  const person = (i: number): object => {
    const of = sourceOf(i);
    return {
      name: `${word(of, 4)} ${word(of, 5)}${of === i ? '' : 'x'}`,
      street: `${Math.floor(uniform(seed, of, 6) * 200)} ${word(of, 7)} street`,
      town: word(of, 8),
    };
  };
  const lines: string[] = [];
  const sizes = [10_000, 100_000, 1_000_000].filter((size) => size <= records);
  for (const size of sizes.filter((n) => n <= 100_000)) {
    const rates = Array.from({ length: size < 100_000 ? Math.min(runs, 3) : 1 }, () =>
      rate({ kind: 'text', fields: ['t'] }, text, size),
    );
    lines.push(`texts, ${size}: ${Math.round(median(rates))} a second of CPU, verified`);
  }
  for (const size of sizes)
    lines.push(
      `records, ${size}: ${Math.round(rate({ kind: 'person', fields: ['name', 'street', 'town'] }, person, size))} a second of CPU: the capacity of a stage of one partition`,
    );
  return lines;
}

function rate(config: object, row: (i: number) => object, count: number): number {
  const kernel = dedupNear.create(config as never, testDeps());
  if (kernel instanceof Promise) throw new Error('dedup-near is made at once');
  let spent = 0;
  for (let at = 0; at < count; at += 1000) {
    const batch = Array.from({ length: Math.min(1000, count - at) }, (_, i) => recordOf(row(at + i), at + i));
    const time = new Float64Array(batch.length).fill(Number.NaN);
    const out = new CollectOut();
    const from = process.cpuUsage();
    kernel.process(batch, time, out);
    spent += process.cpuUsage(from).user;
  }
  return count / (spent / 1e6);
}

function f(value: number): string {
  return value.toFixed(3).replace(/^0/, '');
}
