/** A pair that somebody looked at. */
export interface JudgedPair {
  readonly score: number;
  readonly isSame: boolean;
}

export interface ThresholdAdvice {
  readonly threshold: number;
  /** Expected share of the pairs at or above the threshold that are the same. */
  readonly precision: number;
  /** Expected share of the same pairs among all candidates that are at or above it. */
  readonly recall: number;
}

/**
 * The threshold with the best expected F1 over `scores` (of all candidate pairs), from a few judged pairs.
 *
 * Idea: the chance that a pair is the same rises with its score; isotonic regression of the judgements on the score
 * gives that chance for every candidate, so judged pairs need not be a fair sample. Ties go to the higher threshold.
 * Undefined without a judgement of each sort. Cost: n log n. Source: Ayer et al. 1955 (pool adjacent violators).
 */
export function adviseThreshold(judged: readonly JudgedPair[], scores: readonly number[]): ThresholdAdvice | undefined {
  if (scores.length === 0 || !judged.some(({ isSame }) => isSame) || judged.every(({ isSame }) => isSame))
    return undefined;
  const steps = isotonic(judged);
  const sorted = [...scores].sort((a, b) => b - a);
  const chances = sorted.map((score) => chanceAt(steps, score));
  const all = chances.reduce((sum, chance) => sum + chance, 0);
  let best: ThresholdAdvice | undefined;
  let [same, most] = [0, 0];
  for (let i = 0; i < sorted.length; i++) {
    same += chances[i]!;
    if (sorted[i + 1] === sorted[i]) continue;
    const f1 = (2 * same) / (i + 1 + all);
    if (f1 <= most) continue;
    most = f1;
    best = { threshold: sorted[i]!, precision: same / (i + 1), recall: same / all };
  }
  return best;
}

interface Step {
  /** Lowest and highest score of the step. */
  readonly low: number;
  high: number;
  same: number;
  count: number;
}

/** Chances that never fall as the score rises. */
function isotonic(judged: readonly JudgedPair[]): readonly Step[] {
  const steps: Step[] = [];
  for (const { score, isSame } of [...judged].sort((a, b) => a.score - b.score)) {
    steps.push({ low: score, high: score, same: isSame ? 1 : 0, count: 1 });
    for (let n = steps.length; n > 1; n = steps.length) {
      const [before, last] = [steps[n - 2]!, steps[n - 1]!];
      const rises = before.same / before.count < last.same / last.count && before.high < last.low;
      if (rises) break;
      before.high = last.high;
      before.same += last.same;
      before.count += last.count;
      steps.pop();
    }
  }
  return steps;
}

/** Between two steps the chance goes from one to the other in a straight line. */
function chanceAt(steps: readonly Step[], score: number): number {
  let before: Step | undefined;
  for (const step of steps) {
    const chance = step.same / step.count;
    if (score < step.low) {
      if (before === undefined) return chance;
      const from = before.same / before.count;
      return from + ((chance - from) * (score - before.high)) / (step.low - before.high);
    }
    if (score <= step.high) return chance;
    before = step;
  }
  return before === undefined ? 0 : before.same / before.count;
}
