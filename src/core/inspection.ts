/**
 * What a person may look at in a kernel beyond numbers: bounded by the kernel, values of redacted fields left out.
 * Never part of the state, and nothing a result depends on.
 */
export interface Inspection {
  /** What repeats most, first the most frequent. */
  readonly groups?: readonly GroupSample[];
  /** Fields that are watched, first those nearest to an alarm. */
  readonly distributions?: readonly DistributionSample[];
}

/** Records that say the same. */
export interface GroupSample {
  readonly key: string;
  /** Repetitions since the process began; at most `error` too large. */
  readonly count: number;
  readonly error: number;
  /** Text of the record the others repeat; undefined when it came too long ago. */
  readonly first?: string;
  /** The newest that differ in their text, each with how it was recognized. */
  readonly members: readonly { readonly text: string; readonly note: string }[];
}

/** The reference of a field beside its newest values. */
export interface DistributionSample {
  readonly field: string;
  readonly segment?: string;
  readonly phase: 'watching' | 'drifted';
  /** Newest values that are compared. */
  readonly records: number;
  /** Shares by bin (`from`, `to`) or by `category`, as in the event `drift.alarm`. */
  readonly histogram: unknown;
}
