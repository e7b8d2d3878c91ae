import type { InputPlan, Plan } from '../topology/plan.ts';
import type { QuarantineEntry } from './entry.ts';
import { inputOf } from './records.ts';

/** Why an entry does not go back. */
export type LeftOut = keyof typeof LEFT_OUT;

const LEFT_OUT = {
  foreign: () => 'not written by this topology',
  before: () => 'in a replay before',
  attempts: (most: number) => `refused ${most} times (--max-attempts)`,
  valueless: () => 'their value was not kept',
  redacted: () => 'fields of their value were redacted',
  topic: () => 'the topology no longer reads their topic',
  format: () => 'a later stage refused them, and keeps them in another format than their topic has',
  partition: () => 'their topic has no such partition any more',
  size: () => 'too large for their topic by now',
};

export interface ChoiceOptions {
  readonly plan: Plan;
  /** Entries that have been in quarantine so often stay. */
  readonly maxAttempts: number;
  readonly wasBefore: (entry: QuarantineEntry) => boolean;
}

/** Chooses what goes back, and counts what does not, by reason. */
export class Choice {
  private readonly options: ChoiceOptions;
  private readonly counts = new Map<LeftOut, number>();

  constructor(options: ChoiceOptions) {
    this.options = options;
  }

  takes(entry: QuarantineEntry): boolean {
    const why = this.whyNot(entry);
    if (why !== undefined) this.leave(why);
    return why === undefined;
  }

  leave(why: LeftOut, n = 1): void {
    this.counts.set(why, (this.counts.get(why) ?? 0) + n);
  }

  /** Reasons in words, with how many entries each. */
  leftOut(): readonly { readonly n: number; readonly why: string }[] {
    const order = Object.keys(LEFT_OUT) as LeftOut[]; // its own keys
    return order.flatMap((why) => {
      const n = this.counts.get(why) ?? 0;
      return n === 0 ? [] : [{ n, why: LEFT_OUT[why](this.options.maxAttempts) }];
    });
  }

  private whyNot(entry: QuarantineEntry): LeftOut | undefined {
    const { plan, maxAttempts, wasBefore } = this.options;
    if (wasBefore(entry)) return 'before';
    if (entry.attempt >= maxAttempts) return 'attempts';
    if (entry.value === null) return 'valueless';
    if (entry.redacted) return 'redacted';
    const input = inputOf(plan, entry.origin.topic);
    if (input === undefined) return 'topic';
    return isOtherFormat(plan, entry, input) ? 'format' : undefined;
  }
}

/** Behind a repartition csv and text are JSON, and so is what several formats meet in. Rows of files come back as JSON too. */
function isOtherFormat({ stages }: Plan, { step, origin }: QuarantineEntry, { format }: InputPlan): boolean {
  const stage = stages.find(({ steps }) => steps.some(({ id }) => id === step));
  const kept = stage?.inputs.find(({ internal }) => internal)?.format ?? format;
  const isRow = origin.part !== undefined && (format === 'csv' || format === 'tsv');
  return kept !== format && !isRow;
}
