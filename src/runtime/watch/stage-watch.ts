import type { KernelStats } from '../../core/operator.ts';
import type { Frame } from '../../topology/frame.ts';
import type { Plan, StagePlan } from '../../topology/plan.ts';
import type { SavedBreaker } from './breaker.ts';
import { BREAKER_STEP, BreakerGate } from './breaker-gate.ts';
import { type SavedScore, ScoreWatch } from './score-watch.ts';
import type { SavedSlices } from './slice-finder.ts';
import { SliceWatch } from './slice-watch.ts';

/** Rides in the checkpoint of the task. */
export interface SavedWatch {
  readonly breaker?: SavedBreaker;
  readonly slices?: SavedSlices;
  readonly score?: SavedScore;
}

/** What watches the outcome of a whole stage, between its last step and its sinks: `events.score` and `slices:` first, then `breaker:`. */
export class StageWatch {
  private readonly slices: SliceWatch | undefined;
  private readonly breaker: BreakerGate | undefined;
  private readonly score: ScoreWatch | undefined;

  /** `stopAt`: see BreakerGate. */
  constructor(plan: Plan, stage: StagePlan, stopAt: number | undefined) {
    this.slices = plan.slices === undefined ? undefined : new SliceWatch(plan.slices, stage);
    this.score = plan.score === undefined ? undefined : new ScoreWatch(plan.score, stage);
    const { breaker } = plan;
    this.breaker =
      breaker === undefined
        ? undefined
        : new BreakerGate(plan, stage, { breaker, ...(stopAt === undefined ? {} : { stopAt }) });
  }

  /** `mayStop`: false while records are read again that were committed before. */
  apply(frame: Frame, streamTime: number, mayStop: boolean): Frame {
    this.score?.apply(frame);
    const seen = this.slices?.apply(frame) ?? frame;
    return this.breaker?.apply(seen, streamTime, mayStop) ?? seen;
  }

  /** Throws QualityStop when the breaker is open and its action is to stop. */
  refuseOpen(task: string): void {
    this.breaker?.refuseOpen(task);
  }

  save(): SavedWatch {
    return {
      ...(this.breaker === undefined ? {} : { breaker: this.breaker.save() }),
      ...(this.slices === undefined ? {} : { slices: this.slices.save() }),
      ...(this.score === undefined ? {} : { score: this.score.save() }),
    };
  }

  restore(saved: SavedWatch, resetSteps: ReadonlySet<string>): void {
    if (saved.breaker !== undefined && !resetSteps.has(BREAKER_STEP)) this.breaker?.restore(saved.breaker);
    if (saved.slices !== undefined) this.slices?.restore(saved.slices);
    if (saved.score !== undefined) this.score?.restore(saved.score);
  }

  stats(): { readonly step: string; readonly stats: KernelStats }[] {
    const { breaker, slices } = this;
    const all: { step: string; stats: KernelStats }[] = [];
    if (breaker !== undefined) all.push({ step: BREAKER_STEP, stats: breaker.stats() });
    if (slices !== undefined) all.push({ step: 'slices', stats: slices.stats() });
    return all;
  }
}
