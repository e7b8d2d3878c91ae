import type { Finding } from '../../core/finding.ts';
import { type Features, wordHash } from './features.ts';
import { round3 } from './likeness.ts';
import type { Match, NearIndex } from './near-index.ts';
import { wordBounds } from './words.ts';

/** Words two records share, told as the reason. */
const WHY_WORDS = 3;

export const NEAR_DUPLICATE = { rule: 'near-duplicate', severity: 'info', dimension: 'uniqueness' } as const;

/** What is said of a record that is near `match`; `texts`: those of its fields that may be shown. */
export function nearFinding(
  index: NearIndex,
  found: {
    readonly texts: readonly string[];
    readonly features: Features;
    /** Absent: it is not near enough for one cluster. */
    readonly cluster: string | undefined;
    readonly match: Match;
  },
): Omit<Finding, 'step'> {
  const { texts, features, cluster, match } = found;
  const compared = index.compared(features, match.entry);
  const { origin } = match.entry;
  return {
    ...NEAR_DUPLICATE,
    ...(cluster === undefined ? { rule: 'near-related' } : {}),
    observed: {
      ...(cluster === undefined ? { relatedTo: origin } : { duplicateOf: origin, cluster }),
      score: round3(match.score),
      why: sharedWords(index, texts, match),
      ...(compared === undefined ? {} : { compared }),
    },
  };
}

interface Told {
  readonly word: string;
  readonly telling: number;
}

/** The words both have that tell most. */
function sharedWords(index: NearIndex, texts: readonly string[], { entry }: Match): readonly string[] {
  const words = index.wordsOf(entry);
  const told: Told[] = [];
  for (const text of texts) {
    const bounds = wordBounds(text);
    for (let i = 0; i < bounds.length; i += 2) {
      const [from, to] = [bounds[i]!, bounds[i + 1]!];
      const hash = wordHash(text, from, to);
      if (!includes(words, hash)) continue;
      const telling = index.telling(hash, to - from);
      if (told.length === WHY_WORDS && telling < told[WHY_WORDS - 1]!.telling) continue;
      insert(told, { word: text.slice(from, to), telling });
    }
  }
  return told.map(({ word }) => word);
}

/** Keeps those that tell most, ties by alphabet. */
function insert(told: Told[], one: Told): void {
  if (told.some(({ word }) => word === one.word)) return;
  told.push(one);
  told.sort((a, b) => b.telling - a.telling || (a.word < b.word ? -1 : 1));
  if (told.length > WHY_WORDS) told.pop();
}

function includes(sorted: Int32Array, value: number): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === value;
}
