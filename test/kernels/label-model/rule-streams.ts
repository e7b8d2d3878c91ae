import { uniform } from '../../../src/core/hash.ts';
import { LabelModel } from '../../../src/kernels/label-model/label-model.ts';
import { SILENT } from '../../../src/kernels/label-model/pattern-table.ts';

const RECORDS = 20_000;
const INDEPENDENT = 5;

interface Score {
  readonly model: number;
  readonly majority: number;
  readonly oracle: number;
  readonly learned: readonly number[];
  readonly accuracy: readonly number[];
  readonly copies: readonly (number | undefined)[];
}

/** Seven rules of accuracy .55 to .95 that stay silent one time in five; the last two repeat the weakest of the others. */
export function runRules(seed: number): Score {
  const accuracy = Array.from({ length: INDEPENDENT }, (_, r) => 0.55 + 0.4 * uniform(seed, 99, r));
  const weakest = accuracy.indexOf(Math.min(...accuracy));
  const model = new LabelModel({ rules: 7, labels: 2 });
  const answers = new Int16Array(7);
  const q = new Float64Array(2);
  const right = { model: 0, majority: 0, oracle: 0 };
  for (let i = 0; i < RECORDS; i++) {
    const truth = uniform(seed, 1, i) < 0.5 ? 1 : 0;
    let votes = 0;
    let odds = 0;
    for (let r = 0; r < 7; r++) {
      if (r >= INDEPENDENT) answers[r] = answers[weakest]!;
      else if (uniform(seed, 3, i, r) < 0.2) answers[r] = SILENT;
      else answers[r] = uniform(seed, 2, i, r) < accuracy[r]! ? truth : 1 - truth;
      if (answers[r] === SILENT) continue;
      const sign = answers[r] === 1 ? 1 : -1;
      votes += sign;
      if (r < INDEPENDENT) odds += sign * Math.log(accuracy[r]! / (1 - accuracy[r]!));
    }
    model.observe(answers);
    model.posterior(answers, q);
    right.model += point(q[1]! - q[0]!, truth);
    right.majority += point(votes, truth);
    right.oracle += point(odds, truth);
  }
  return {
    model: right.model / RECORDS,
    majority: right.majority / RECORDS,
    oracle: right.oracle / RECORDS,
    learned: accuracy.map((_, r) => model.accuracy(r)),
    accuracy,
    copies: [model.copyOf(5), model.copyOf(6)],
  };
}

/** A tie is half right. */
function point(balance: number, truth: number): number {
  if (Math.abs(balance) < 1e-12) return 0.5;
  return (balance > 0 ? 1 : 0) === truth ? 1 : 0;
}
