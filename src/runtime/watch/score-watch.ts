import { type DimensionFailures, qualityScore } from '../../core/quality-score.ts';
import type { DataRecord } from '../../core/record.ts';
import type { Frame } from '../../topology/frame.ts';
import { add } from '../../topology/frame-counts.ts';
import type { Plan, StagePlan } from '../../topology/plan.ts';

const SCORE_STEP = 'score';
const DEFAULT_DIMENSION = 'validity';
const DIGITS = 1e6;

export interface SavedScore {
  /** Number of the window; null before the first record. */
  readonly window: number | null;
  /** Records since the first one: what windows of records are cut by. */
  readonly total: number;
  readonly records: number;
  readonly failures: readonly (readonly [string, number])[];
}

/**
 * Tells the quality of each window of a stage by an event `quality.score`: what left in it with findings, what was a
 * duplicate or late, over the records that came in. A record counts where it leaves; windows are cut by the records that
 * come in, so the cut of batches does not matter. The last window is told at the end of a bounded input.
 */
export class ScoreWatch {
  private readonly plan: NonNullable<Plan['score']>;
  private readonly stage: StagePlan;
  private window: number | undefined;
  private total = 0;
  private records = 0;
  private failures = new Map<string, number>();

  constructor(plan: NonNullable<Plan['score']>, stage: StagePlan) {
    this.plan = plan;
    this.stage = stage;
  }

  save(): SavedScore {
    const { window = null, total, records, failures } = this;
    return { window, total, records, failures: [...failures] };
  }

  restore({ window, total, records, failures }: SavedScore): void {
    this.window = window ?? undefined;
    this.total = total;
    this.records = records;
    this.failures = new Map(failures);
  }

  apply(frame: Frame): Frame {
    const found = this.found(frame);
    for (const key of found.get(-1) ?? []) this.fail(key);
    for (let i = 0; i < frame.roots.length; i++) {
      const window = this.windowOf(frame.roots[i]!);
      if (window !== this.window && this.window !== undefined) this.tell(frame, i);
      this.window = window;
      this.total++;
      this.records++;
      for (const key of found.get(i) ?? []) this.fail(key);
    }
    if (frame.tick?.kind === 'end') this.tell(frame, -1);
    return frame;
  }

  /** What is wrong with what leaves, by the record that made it leave. */
  private found(frame: Frame): ReadonlyMap<number, readonly string[]> {
    const found = new Map<number, string[]>();
    const note = (cause: number, key: string) => {
      const keys = found.get(cause);
      if (keys === undefined) found.set(cause, [key]);
      else keys.push(key);
    };
    const look = (record: DataRecord, cause: number) => {
      for (const { dimension = DEFAULT_DIMENSION, severity } of record.findings)
        note(cause, `${dimension}\0${severity}`);
    };
    for (const { record, cause } of frame.rejected) look(record, cause);
    for (const { edges, fates } of this.stage.sinks)
      for (let e = 0; e < edges.length; e++) {
        const edge = frame.edges[edges[e] ?? -1];
        const lost =
          fates[e] === 'duplicate' ? 'uniqueness\0error' : fates[e] === 'late' ? 'timeliness\0error' : undefined;
        for (let k = 0; k < (edge?.records.length ?? 0); k++) {
          const record = edge!.records[k]!;
          if (record.findings.length > 0) look(record, edge!.causes[k] ?? -1);
          if (lost !== undefined) note(edge!.causes[k] ?? -1, lost);
        }
      }
    return found;
  }

  private fail(key: string): void {
    this.failures.set(key, (this.failures.get(key) ?? 0) + 1);
  }

  /** A record without a time stays in the window that is open. */
  private windowOf(root: DataRecord): number | undefined {
    const { unit, over } = this.plan;
    if (unit === 'records') return Math.floor(this.total / over);
    return Number.isFinite(root.time) ? Math.floor(root.time / over) : this.window;
  }

  private tell(frame: Frame, cause: number): void {
    const { unit, over } = this.plan;
    if (this.records === 0) return;
    const failures = [...this.failures].map(([key, n]): DimensionFailures => {
      const [dimension = '', severity = ''] = key.split('\0');
      return { dimension, severity, failures: n };
    });
    const { overall, dimensions } = qualityScore(this.records, failures);
    const round = (share: number) => Math.round(share * DIGITS) / DIGITS;
    const start = (this.window ?? 0) * over;
    const data = {
      stage: this.stage.id,
      ...(unit === 'ms'
        ? { from: new Date(start).toISOString(), to: new Date(start + over).toISOString() }
        : { fromRecord: start }),
      records: this.records,
      overall: round(overall ?? 1),
      dimensions: Object.fromEntries(
        Object.entries(dimensions)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, share]) => [name, round(share)]),
      ),
    };
    add(frame.counts.events, `${SCORE_STEP}\0quality.score`);
    frame.events.push({ step: SCORE_STEP, type: 'quality.score', data, cause, ordinal: 0 });
    this.records = 0;
    this.failures = new Map();
  }
}
