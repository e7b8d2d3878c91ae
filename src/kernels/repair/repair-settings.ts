import type { JudgeBounds } from './judge.ts';

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
  readonly keep: readonly string[];
  readonly bounds: JudgeBounds;
  /** Records that come after one before it leaves. */
  readonly graceRecords: number;
  /** Stream time after which it leaves in any case, milliseconds. */
  readonly graceMs: number | undefined;
}
