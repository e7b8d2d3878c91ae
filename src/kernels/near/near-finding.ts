import type { Finding } from '../../core/finding.ts';
import { type Features, wordHash, wordsOf } from './features.ts';
import { round3 } from './likeness.ts';
import type { Match, NearIndex } from './near-index.ts';

/** Rarest words two records share, told as the reason. */
const WHY_WORDS = 3;

/** What is said of a record that is near `match`; `texts`: those of its fields that may be shown. */
export function nearFinding(
  index: NearIndex,
  found: {
    readonly texts: readonly string[];
    readonly features: Features;
    readonly cluster: string;
    readonly match: Match;
  },
): Omit<Finding, 'step'> {
  const { texts, features, cluster, match } = found;
  const compared = index.compared(features, match.entry);
  return {
    rule: 'near-duplicate',
    severity: 'info',
    dimension: 'uniqueness',
    observed: {
      duplicateOf: match.entry.origin,
      cluster,
      score: round3(match.score),
      why: sharedWords(index, texts, match),
      ...(compared === undefined ? {} : { compared }),
    },
  };
}

/** The rarest words both have. */
function sharedWords(index: NearIndex, texts: readonly string[], { entry }: Match): readonly string[] {
  const words = index.wordsOf(entry);
  const shared = new Map<string, number>();
  for (const text of texts)
    for (const word of wordsOf(text)) {
      const hash = wordHash(word);
      if (includes(words, hash)) shared.set(word, index.rarity(hash));
    }
  return [...shared]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, WHY_WORDS)
    .map(([word]) => word);
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
