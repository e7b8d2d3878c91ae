import { answerAt, type PatternTable, SILENT } from './pattern-table.ts';

/** For each pair of rules `[a · R + b]`: records on which both spoke, and on which they said the same. */
export interface PairAgreement {
  readonly both: Float64Array;
  readonly same: Float64Array;
  /** Records on which a rule spoke. */
  readonly spoke: Float64Array;
  /** The label of a rule that only ever says one; -1: it says several. */
  readonly only: Int16Array;
}

/** Never spoke so far. */
const NONE = -2;

export function pairAgreement(patterns: PatternTable, rules: number): PairAgreement {
  const both = new Float64Array(rules * rules);
  const same = new Float64Array(rules * rules);
  const spoke = new Float64Array(rules);
  const only = new Int16Array(rules).fill(NONE);
  for (const [pattern, count] of patterns.entries())
    for (let a = 0; a < rules; a++) {
      const said = answerAt(pattern, a);
      if (said === SILENT) continue;
      spoke[a]! += count;
      only[a] = only[a] === NONE || only[a] === said ? said : -1;
      for (let b = 0; b < rules; b++) {
        const other = answerAt(pattern, b);
        if (other === SILENT) continue;
        both[a * rules + b]! += count;
        if (said === other) same[a * rules + b]! += count;
      }
    }
  return { both, same, spoke, only };
}

/** Pairs that share fewer records say nothing. */
const MIN_BOTH = 20;
/** Pairs that agree more than any two honest rules would are left out of the triplets. */
const MAX_AGREEMENT = 0.93;
const LEAST = 0.52;
const MOST = 0.97;
const UNKNOWN = 0.7;

/**
 * Accuracies from agreement alone: for independent rules the centered agreement of a pair is the product of two
 * strengths, so three pairs of a triplet give each; the median over triplets forgives a few pairs of copies.
 *
 * Out: accuracies in [.52, .97] (rules are taken to be better than chance); .7 where no triplet exists.
 * Cost: rules³ for up to 30 rules; beyond, the first 30 partners of each.
 *
 * Source: Fu et al. 2020 (FlyingSquid), section 3.
 */
export function firstAccuracies(agreement: PairAgreement, rules: number, labels: number): Float64Array {
  const centered = (a: number, b: number): number => {
    const at = a * rules + b;
    const both = agreement.both[at]!;
    if (agreement.only[a]! >= 0 || agreement.only[b]! >= 0) return Number.NaN;
    if (both < MIN_BOTH || agreement.same[at]! / both > MAX_AGREEMENT) return Number.NaN;
    return (labels * (agreement.same[at]! / both) - 1) / (labels - 1);
  };
  const accuracy = new Float64Array(rules);
  for (let a = 0; a < rules; a++) {
    const strengths: number[] = [];
    const partners = Math.min(rules, 31);
    for (let b = 0; b < partners; b++) {
      if (b === a) continue;
      const ab = centered(a, b);
      for (let c = b + 1; c < partners; c++) {
        if (c === a) continue;
        const square = (ab * centered(a, c)) / centered(b, c);
        if (square > 0 && square < 1.5) strengths.push(Math.sqrt(square));
      }
    }
    strengths.sort((x, y) => x - y);
    const middle = strengths[strengths.length >> 1];
    const found = middle === undefined ? UNKNOWN : (1 + (labels - 1) * middle) / labels;
    accuracy[a] = Math.min(MOST, Math.max(LEAST, found));
  }
  return accuracy;
}
