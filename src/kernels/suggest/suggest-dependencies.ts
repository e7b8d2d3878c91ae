import { categoryOf } from '../sketch/category.ts';
import type { Column } from './column.ts';

const MAX_FIELDS = 40;
const MIN_CONFIDENCE = 0.98;
/** Records that share their left side with another one: fewer say nothing. */
const MIN_SHARED = 0.2;
/** What guessing the most frequent value in every group of its size would miss, a dependency misses at most so much of. */
const MAX_OF_CHANCE = 0.1;
const MAX_SUGGESTED = 20;

export interface SuggestedDependency {
  readonly from: string;
  readonly to: string;
  /** Share of the records that have the most frequent value of their group: 1 - g3. */
  readonly confidence: number;
}

/**
 * Fields whose value follows from another one.
 *
 * Idea: group the records by the left field; the confidence is the share of those in groups of two and more whose right
 * value is the most frequent one there. Suggested when it is above .98, when enough records share their left value, and
 * when it misses less than a tenth of what always guessing the overall most frequent value would.
 * Cost: one pass over the sample a pair of fields.
 *
 * Source: Kivinen & Mannila 1995 (g3); Mandros et al. 2017 (correction for chance).
 */
export function suggestDependencies(columns: readonly Column[]): readonly SuggestedDependency[] {
  const coded = columns
    .slice(0, MAX_FIELDS)
    .map(codes)
    .filter((one) => one.distinct > 1);
  const found: SuggestedDependency[] = [];
  for (const from of coded)
    for (const to of coded) {
      if (from === to) continue;
      const confidence = confidenceOf(from, to);
      if (confidence !== undefined) found.push({ from: from.field, to: to.field, confidence });
    }
  return found.sort((a, b) => b.confidence - a.confidence).slice(0, MAX_SUGGESTED);
}

interface Coded {
  readonly field: string;
  /** -1 for null and missing. */
  readonly codes: Int32Array;
  readonly distinct: number;
}

function codes({ field, values }: Column): Coded {
  const known = new Map<string, number>();
  const list = Int32Array.from(values, (value) => {
    if (value === null || value === undefined) return -1;
    const text = categoryOf(value);
    const code = known.get(text) ?? known.size;
    known.set(text, code);
    return code;
  });
  return { field, codes: list, distinct: known.size };
}

function confidenceOf(from: Coded, to: Coded): number | undefined {
  if (from.distinct * 2 > from.codes.length) return undefined;
  const groups = new Map<number, Map<number, number>>();
  const overall = new Map<number, number>();
  for (let i = 0; i < from.codes.length; i++) {
    const [a, b] = [from.codes[i]!, to.codes[i]!];
    if (a < 0 || b < 0) continue;
    const group = groups.get(a) ?? new Map<number, number>();
    groups.set(a, group);
    group.set(b, (group.get(b) ?? 0) + 1);
  }
  let shared = 0;
  let right = 0;
  for (const group of groups.values()) {
    let size = 0;
    for (const count of group.values()) size += count;
    if (size < 2) continue;
    shared += size;
    right += Math.max(...group.values());
    for (const [value, count] of group) overall.set(value, (overall.get(value) ?? 0) + count);
  }
  if (shared < MIN_SHARED * from.codes.length) return undefined;
  const missed = 1 - right / shared;
  const byChance = 1 - Math.max(...overall.values()) / shared;
  return 1 - missed >= MIN_CONFIDENCE && missed <= MAX_OF_CHANCE * byChance && byChance > 0.01 ? 1 - missed : undefined;
}
