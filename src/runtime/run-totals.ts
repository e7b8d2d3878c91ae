import { type TaskId, taskName } from '../core/broker.ts';
import type { CommitReport, Counts } from '../core/observer.ts';
import { addCounts, emptyCounts } from './counters.ts';

/** Totals since the first record, also after a resume: what `--json` prints. */
export interface RunSummary {
  readonly topology: string;
  readonly in: number;
  readonly curated: number;
  readonly routed: number;
  readonly quarantined: number;
  readonly duplicate: number;
  readonly late: number;
  readonly merged: number;
  readonly held: number;
  readonly dropped: number;
  /** Records written, by topic. */
  readonly outputs: Readonly<Record<string, number>>;
  /** Findings, by rule. */
  readonly rules: Readonly<Record<string, number>>;
  readonly resumed: boolean;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  /** Input records read by this very run. */
  readonly read: number;
}

interface Left {
  readonly id: TaskId;
  readonly totals: Counts;
}

/**
 * What a run has to say at its end. A task that went from one owner to another is told of by each of them, with all its counts
 * since the first record: the one that came furthest counts.
 */
export class RunTotals {
  private readonly tasks = new Map<string, Left>();
  private resumed = false;
  private read = 0;

  committed({ task, counts }: CommitReport): void {
    if (task.stage === 'source') this.read += counts.in;
  }

  /** A task ended, stopped, or was given up. */
  left(id: TaskId, totals: Counts, resumed: boolean): void {
    const known = this.tasks.get(taskName(id));
    if (known === undefined || known.totals.in <= totals.in) this.tasks.set(taskName(id), { id, totals });
    // later owners in this run resume what earlier ones in it have done
    if (known === undefined) this.resumed ||= resumed;
  }

  summary(topology: string, seconds: number): RunSummary {
    const { resumed, read } = this;
    const totals = emptyCounts();
    let input = 0;
    for (const { id, totals: counts } of this.tasks.values()) {
      addCounts(totals, counts);
      if (id.stage === 'source') input += counts.in;
    }
    const fate = (name: string) => totals.fates.get(name) ?? 0;
    const rules: Record<string, number> = Object.create(null);
    for (const [key, n] of totals.findings) {
      const rule = key.split('\0')[1] ?? key;
      rules[rule] = (rules[rule] ?? 0) + n;
    }
    return {
      topology,
      in: input,
      curated: fate('curated'),
      routed: fate('routed'),
      quarantined: fate('quarantined'),
      duplicate: fate('duplicate'),
      late: fate('late'),
      merged: fate('merged'),
      held: fate('held'),
      dropped: fate('dropped'),
      outputs: Object.fromEntries([...totals.written].sort(([a], [b]) => (a < b ? -1 : 1))),
      rules: Object.fromEntries(Object.entries(rules).sort(([a], [b]) => (a < b ? -1 : 1))),
      resumed,
      seconds: Math.round(seconds * 1000) / 1000,
      recordsPerSecond: seconds > 0 ? Math.round(read / seconds) : 0,
      read,
    };
  }
}
