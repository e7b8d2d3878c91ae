import type { LabelModel } from './label-model.ts';
import { SILENT } from './pattern-table.ts';

/** What rules say of a record: INVALID, VALID, or SILENT (the rule does not apply). */
export const INVALID = 0;
export const VALID = 1;

export type Verdict = 'curated' | 'quarantined' | 'review';

export interface VerdictThresholds {
  /** P(valid) from here on is curated, 0 to 1. */
  readonly accept: number;
  /** P(valid) up to here is quarantined, at most `accept`. */
  readonly reject: number;
}

export const DEFAULT_THRESHOLDS: VerdictThresholds = { accept: 0.8, reject: 0.2 };

/** One rule against is enough; silence is consent. */
export function anyError(answers: Int16Array): Verdict {
  return answers.includes(INVALID) ? 'quarantined' : 'curated';
}

/** More against than for: quarantined. As many, and some: review. Nobody spoke: nothing is against it. */
export function majorityVerdict(answers: Int16Array): Verdict {
  let balance = 0;
  let spoke = 0;
  for (const answer of answers) {
    if (answer === SILENT) continue;
    spoke++;
    balance += answer === VALID ? 1 : -1;
  }
  if (balance < 0) return 'quarantined';
  return balance === 0 && spoke > 0 ? 'review' : 'curated';
}

/** By P(valid) of a model with the labels INVALID and VALID; nobody spoke: curated. */
export function modelVerdict(
  model: LabelModel,
  answers: Int16Array,
  thresholds: VerdictThresholds = DEFAULT_THRESHOLDS,
): { readonly verdict: Verdict; readonly valid: number } {
  const q = new Float64Array(2);
  const spoke = model.posterior(answers, q);
  const valid = q[VALID]!;
  if (!spoke || valid >= thresholds.accept) return { verdict: 'curated', valid };
  return { verdict: valid <= thresholds.reject ? 'quarantined' : 'review', valid };
}
