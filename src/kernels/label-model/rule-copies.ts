import type { PairAgreement } from './rule-agreement.ts';

/** Agreement beyond independence is a copy when it is this sure and this large. */
const COPY_SIGMAS = 5;
const COPY_SHARE = 0.3;
const MIN_PAIRS = 30;
/** Rules of one and the same label always agree: they are copies when they speak on the same records. */
const SAME_RECORDS = 0.95;

/**
 * Which rules repeat others: `copied[a · R + b]` (b < a) is the share of rule a that is a copy of rule b.
 *
 * Idea: two rules of known accuracies agree by chance so often; what they agree beyond that is copied.
 * Cost: rules².
 */
export function findCopies(agreement: PairAgreement, accuracy: Float64Array, labels: number): Float64Array {
  const rules = accuracy.length;
  const copied = new Float64Array(rules * rules);
  for (let a = 0; a < rules; a++)
    for (let b = 0; b < a; b++) {
      const both = agreement.both[a * rules + b]!;
      if (both < MIN_PAIRS) continue;
      if (agreement.only[a]! >= 0 || agreement.only[b]! >= 0) {
        const together = both / (agreement.spoke[a]! + agreement.spoke[b]! - both);
        if (agreement.only[a] === agreement.only[b] && together >= SAME_RECORDS) copied[a * rules + b] = together;
        continue;
      }
      const same = agreement.same[a * rules + b]! / both;
      const wrong = ((1 - accuracy[a]!) * (1 - accuracy[b]!)) / (labels - 1);
      const expected = accuracy[a]! * accuracy[b]! + wrong;
      const sigma = Math.sqrt((expected * (1 - expected)) / both);
      const share = (same - expected) / (1 - expected);
      if (same - expected > COPY_SIGMAS * sigma && share > COPY_SHARE) copied[a * rules + b] = Math.min(1, share);
    }
  return copied;
}
