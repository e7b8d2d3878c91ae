import { type DataRecord, FATES, type Fate } from '../core/record.ts';
import type { FrameCounts } from './frame-counts.ts';

const HELD = FATES.indexOf('held');

export function fateBit(fate: Fate): number {
  return 1 << FATES.indexOf(fate);
}

/**
 * Counts (or, when it was counted before, moves) the fate of an input record: the first of FATES it met, `held` while a
 * copy of it waits inside a step. Answers false for a record that met none: some step lost it.
 */
export function settle(root: DataRecord, counts: FrameCounts): boolean {
  const bits = root.held > 0 ? root.fates | (1 << HELD) : root.fates;
  if (bits === 0) return false;
  const fate = 31 - Math.clz32(bits & -bits);
  if (root.counted === fate) return true;
  if (root.counted >= 0) counts.fates[root.counted] = (counts.fates[root.counted] ?? 0) - 1;
  counts.fates[fate] = (counts.fates[fate] ?? 0) + 1;
  root.counted = fate;
  return true;
}
