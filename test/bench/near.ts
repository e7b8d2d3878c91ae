import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
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
import type { Pace, Paced } from './near/pace.ts';
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

/** Texts of 40 words and records of three fields; every measurement in a process of its own. */
function speed({ runs, records, seed }: BenchOptions): string[] {
  const sizes = [10_000, 100_000, 1_000_000].filter((size) => size <= records);
  const line = (what: Paced, size: number): string => {
    const paces = Array.from({ length: size < 1_000_000 ? Math.min(runs, 3) : 1 }, () => paceOf(what, size, seed));
    const [rate, last] = [median(paces.map((pace) => pace.rate)), median(paces.map((pace) => pace.last))];
    return `${what}, ${size}: ${Math.round(rate)} a second of CPU, the last fifth ${Math.round(last)}; ${Math.round(paces[0]!.bytes)} bytes of state each`;
  };
  return [
    'capacity of a stage of one partition, verified:',
    ...sizes.filter((size) => size <= 100_000).map((size) => line('texts', size)),
    ...sizes.map((size) => line('records', size)),
  ];
}

function paceOf(what: Paced, size: number, seed: number): Pace {
  const script = join(import.meta.dirname, 'near', 'pace.ts');
  const child = spawnSync(process.execPath, [script, what, String(size), String(seed)], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`${what}, ${size}: ${child.stderr}`);
  return JSON.parse(child.stdout) as Pace; // as pace.ts prints it
}

function f(value: number): string {
  return value.toFixed(3).replace(/^0/, '');
}
