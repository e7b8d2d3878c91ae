import { OperatorError } from '../core/errors.ts';
import { type DataRecord, FATES, type Fate } from '../core/record.ts';
import type { Edge, Frame } from './frame.ts';
import type { FrameCounts } from './frame-counts.ts';
import type { SinkPlan } from './plan.ts';

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

const QUARANTINED = fateBit('quarantined');

/** Marks the input records that stand on an edge. */
export function mark(edge: Edge, fate: Fate): void {
  const bit = fateBit(fate);
  const records = edge.records;
  for (let i = 0; i < records.length; i++) {
    const root = (records[i] as DataRecord).root; // i is below the length
    if (root !== undefined) root.fates |= bit;
  }
}

/** Marks what stands on the edges of a sink, each by its own fate. */
export function markSink(frame: Frame, sink: SinkPlan): void {
  for (let i = 0; i < sink.edges.length; i++) {
    const edge = frame.edges[sink.edges[i] ?? -1];
    const fate = sink.fates[i];
    if (edge !== undefined && fate !== undefined) mark(edge, fate);
  }
}

/**
 * Counts the fate of every input record of the frame, and again of those released in it. Sinks have marked theirs.
 * `shared`: roots of which more is known than that one copy is held.
 */
export function settleFates(frame: Frame, released: DataRecord[], shared: Set<DataRecord>): Frame {
  for (const { record } of frame.rejected) if (record.root !== undefined) record.root.fates |= QUARANTINED;
  const roots = frame.roots;
  for (let i = 0; i < roots.length; i++) {
    const root = roots[i] as DataRecord; // i is below the length
    if (!settle(root, frame.counts)) throw lost(root);
    if (root.held > 0 && (root.held > 1 || root.fates !== 0)) shared.add(root);
  }
  for (const root of released) {
    if (root.counted >= 0 && !settle(root, frame.counts)) throw lost(root);
    if (root.held > 0) shared.add(root);
    else if (shared.size > 0) shared.delete(root);
  }
  released.length = 0;
  frame.counts.in += roots.length;
  return frame;
}

function lost(root: DataRecord): OperatorError {
  return new OperatorError(
    `a step neither emitted nor absorbed the record at ${root.source.topic}/${root.source.partition} offset ${root.offset}`,
    { code: 'record-lost' },
  );
}
