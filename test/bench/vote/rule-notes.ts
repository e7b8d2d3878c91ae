import { runRules } from '../../kernels/label-model/rule-streams.ts';

const SEEDS = 20;

/** The label model beside majority and an oracle that knows the accuracies, over seeded streams. */
export function ruleNotes(): string[] {
  const from = performance.now();
  const runs = Array.from({ length: SEEDS }, (_, n) => runRules(n + 1));
  const mean = (of: (run: (typeof runs)[number]) => number) =>
    (runs.reduce((sum, run) => sum + of(run), 0) / SEEDS).toFixed(4);
  const worst = Math.max(...runs.map((run) => run.oracle - run.model)).toFixed(4);
  const off = Math.max(...runs.flatMap((run) => run.accuracy.map((a, r) => Math.abs(a - run.learned[r]!)))).toFixed(3);
  return [
    `label model, ${SEEDS} streams of 20,000 records, 7 rules, two of them copies: ${mean((r) => r.model)} (majority ${mean((r) => r.majority)}, oracle ${mean((r) => r.oracle)}, worst gap ${worst}); accuracies off by ${off} at most; ${((performance.now() - from) / 1000).toFixed(1)} s`,
  ];
}
