import type { ImputeSettings } from './imputer.ts';
import type { JudgeBounds } from './judge.ts';
import type { OutlierMethod } from './outliers.ts';

export type RepairMode = 'observe' | 'flag' | 'repair';

export interface DependencySetting {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Where it holds. */
  readonly applies?: (data: unknown) => boolean;
  readonly sure: boolean;
}

export interface RepairSettings {
  readonly mode: RepairMode;
  readonly dependencies: readonly DependencySetting[];
  /** Look for what else follows from the left sides. */
  readonly infer: boolean;
  readonly spelling: readonly string[];
  /** Fields that make a series of numbers; none: all records are one. */
  readonly key: readonly string[];
  readonly outliers?: {
    readonly fields: readonly string[];
    readonly method: OutlierMethod;
    /** Units of the value per millisecond (per record without event time); learned when left out. */
    readonly limit?: number;
  };
  readonly impute?: ImputeSettings & {
    readonly fields: readonly string[];
    /** Fields that make a group for the most frequent text; undefined: that method is not used. */
    readonly by: readonly string[] | undefined;
    /** Confidence above which a gap is filled. */
    readonly bound: number;
  };
  readonly keep: readonly string[];
  readonly bounds: JudgeBounds;
  /** Records that come after one before it leaves. */
  readonly graceRecords: number;
  /** Stream time after which it leaves in any case, milliseconds. */
  readonly graceMs: number | undefined;
}
