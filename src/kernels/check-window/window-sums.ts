import type { Accumulator } from './accumulators.ts';
import type { Expectation } from './expectation.ts';

/** What a window adds up, one accumulator an expectation; `first` and `last`: stream times of its records, NaN without. */
export interface Sums {
  readonly of: readonly (Accumulator | undefined)[];
  first: number;
  last: number;
}

type Saved = readonly [of: readonly unknown[], first: number | null, last: number | null];

export function emptySums(expectations: readonly Expectation[]): Sums {
  return { of: expectations.map((one) => one.accumulator()), first: Number.NaN, last: Number.NaN };
}

export function addToSums(sums: Sums, values: readonly unknown[], time: number): Sums {
  for (let e = 0; e < values.length; e++) sums.of[e]?.add(values[e]);
  if (Number.isNaN(sums.first)) sums.first = time;
  sums.last = time;
  return sums;
}

export function saveSums({ of, first, last }: Sums): Saved {
  const finite = (time: number) => (Number.isNaN(time) ? null : time);
  return [of.map((sums) => sums?.save() ?? null), finite(first), finite(last)];
}

export function loadSums(expectations: readonly Expectation[], json: unknown): Sums {
  const [saved, first, last] = json as Saved; // as saveSums wrote it
  const sums = emptySums(expectations);
  for (const [e, one] of sums.of.entries()) if (saved[e] !== null) one?.load(saved[e] as never); // as its own save() wrote it
  return { ...sums, first: first ?? Number.NaN, last: last ?? Number.NaN };
}
