import type { Broker } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RunObserver } from '../core/observer.ts';
import type { Plan } from '../topology/plan.ts';
import type { Resets } from './resets.ts';
import type { StepCommand } from './step-commands.ts';

/** What all tasks of a run have in common. */
export interface TaskContext {
  readonly plan: Plan;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: RunObserver;
  /** Ends a bounded input with an `end` tick instead of waiting for more. */
  readonly untilEnd: boolean;
  /** Reads event times by patterns; NaN when the text is none. */
  readonly timeParser: (patterns: readonly string[]) => (text: string) => number;
  readonly commands: readonly StepCommand[];
  readonly accept: { readonly replay: boolean; readonly offsets: boolean; readonly resets: Resets };
  /** Broker's defaults where the plan has none. */
  readonly defaults: { readonly commitEveryMs: number; readonly commitBehindMs: number; readonly maxAheadMs: number };
  /** Records come with keys of their producers: hold them against what inputs declare. */
  readonly comparesKeys: boolean;
}
