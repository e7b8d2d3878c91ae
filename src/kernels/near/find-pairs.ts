import { featuresOf } from './features.ts';
import { NearIndex } from './near-index.ts';
import { DEFAULT_BLOCK_CAP, type NearKind, PRESETS } from './near-settings.ts';
import { textOf } from './words.ts';

/** Two rows, by their places, and how alike they are, 0 to 1. */
export interface NearPair {
  readonly a: number;
  readonly b: number;
  readonly score: number;
}

export interface FindOptions {
  readonly kind: NearKind;
  /** From row `second` on a row is of the second list; rows of one list are not compared. Absent: one list. */
  readonly second?: number;
  /** Pairs that are less alike are left out. */
  readonly least: number;
}

/**
 * Candidate pairs of rows in memory, most alike first. Row i: the texts of its compared fields.
 * All rows are known before the first comparison, so frequencies are those of the whole.
 */
export function findPairs(rows: readonly (readonly unknown[])[], options: FindOptions): NearPair[] {
  const { kind, second, least } = options;
  const { features: featureKind, codes = false } = PRESETS[kind];
  const index = new NearIndex({
    features: featureKind,
    codes: codes && second === undefined,
    blockCap: DEFAULT_BLOCK_CAP,
  });
  const features = rows.map((row) =>
    featuresOf(
      row.map(textOf).filter((text) => text !== ''),
      featureKind,
    ),
  );
  const sideOf = (i: number): string => (second !== undefined && i >= second ? 'b' : 'a');
  const origin = { topic: '', partition: 0, offset: 0 };
  for (const [i, made] of features.entries())
    index.add({ features: made, origin, time: Number.NaN, side: sideOf(i), cluster: '' });
  const pairs: NearPair[] = [];
  for (const [i, made] of features.entries())
    for (const { entry, score } of index.matches(
      made,
      least,
      (other) => other.seq < i && (second === undefined || other.side !== sideOf(i)),
    ).near)
      pairs.push({ a: entry.seq, b: i, score });
  return pairs.sort((x, y) => y.score - x.score || x.a - y.a || x.b - y.b);
}

/** Most alike first, a pair is taken when both ends are free. */
export function oneToOne(pairs: readonly NearPair[]): NearPair[] {
  const taken = new Set<number>();
  return pairs.filter(({ a, b }) => {
    if (taken.has(a) || taken.has(b)) return false;
    taken.add(a);
    taken.add(b);
    return true;
  });
}
