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
  const sizes = [10_000, 100_000, 1_000_000].filter((size) => size <= records);
  const line = (what: string, size: number, make: () => Pace): string => {
    const paces = Array.from({ length: size < 100_000 ? Math.min(runs, 3) : 1 }, make);
    const [rate, last] = [median(paces.map((pace) => pace.rate)), median(paces.map((pace) => pace.last))];
    return `${what}, ${size}: ${Math.round(rate)} a second of CPU, the last fifth ${Math.round(last)}; ${Math.round(paces[0]!.bytes)} bytes of state each`;
  };
  return [
    'capacity of a stage of one partition, verified:',
    ...sizes
      .filter((size) => size <= 100_000)
      .map((size) => line('texts', size, () => pace({ kind: 'text', fields: ['t'] }, text, size))),
    ...sizes.map((size) =>
      line('records', size, () => pace({ kind: 'person', fields: ['name', 'street', 'town'] }, person, size)),
    ),
  ];
}

interface Pace {
  /** Records a second of CPU: all of them, and the last fifth. */
  readonly rate: number;
  readonly last: number;
  readonly bytes: number;
}

function pace(config: object, row: (i: number) => object, count: number): Pace {
  const kernel = dedupNear.create(config as never, testDeps());
  if (kernel instanceof Promise) throw new Error('dedup-near is made at once');
  let [spent, early] = [0, 0];
  for (let at = 0; at < count; at += 1000) {
    const batch = Array.from({ length: Math.min(1000, count - at) }, (_, i) => recordOf(row(at + i), at + i));
    const time = new Float64Array(batch.length).fill(Number.NaN);
    const out = new CollectOut();
    const from = process.cpuUsage();
    kernel.process(batch, time, out);
    const { user } = process.cpuUsage(from);
    spent += user;
    if (at < 0.8 * count) early += user;
  }
  const bytes = (kernel.stats?.().bytes ?? 0) / count;
  return { rate: (count / spent) * 1e6, last: ((0.2 * count) / (spent - early)) * 1e6, bytes };
}

function f(value: number): string {
  return value.toFixed(3).replace(/^0/, '');
}
