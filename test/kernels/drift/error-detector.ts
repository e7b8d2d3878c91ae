import { ErrorColumn } from '../../../src/kernels/drift/rate-column.ts';
import { ColumnRun } from './column-run.ts';
import type { ErrorDetector } from './naive-bayes.ts';

/** The chart of `target:` as a detector, at one false alarm in 10⁶ records. */
export function targetChart(runLength = 1e6): ErrorDetector {
  const run = new ColumnRun({ runLength }, (options) => new ErrorColumn('target', options));
  return {
    add(error) {
      const before = run.alarms.length;
      run.push(error);
      return run.alarms.length > before;
    },
  };
}
