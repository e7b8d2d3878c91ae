import type { DataRecord } from '../../core/record.ts';
import type { Frame } from '../../topology/frame.ts';
import type { StagePlan } from '../../topology/plan.ts';

/** Input records that this frame quarantines, each with the index of the record that caused it (-1: a tick). */
export function quarantinedRoots(frame: Frame, stage: StagePlan): ReadonlyMap<DataRecord, number> {
  const bad = new Map<DataRecord, number>();
  const note = (record: DataRecord, cause: number): void => {
    if (record.root !== undefined && !bad.has(record.root)) bad.set(record.root, cause);
  };
  for (const { record, cause } of frame.rejected) note(record, cause);
  for (const { edges, fates } of stage.sinks)
    for (let i = 0; i < edges.length; i++) {
      if (fates[i] !== 'quarantined') continue;
      const edge = frame.edges[edges[i] ?? -1];
      for (let k = 0; k < (edge?.records.length ?? 0); k++) note(edge!.records[k]!, edge!.causes[k] ?? -1);
    }
  return bad;
}

/** Input records that leave in this frame with a finding of the rule, whatever its severity, with what caused them to leave. */
export function rootsWithFinding(frame: Frame, stage: StagePlan, rule: string): ReadonlyMap<DataRecord, number> {
  const found = new Map<DataRecord, number>();
  const note = (record: DataRecord, cause: number): void => {
    const { root } = record;
    if (root !== undefined && !found.has(root) && record.findings.some((finding) => finding.rule === rule))
      found.set(root, cause);
  };
  for (const { record, cause } of frame.rejected) note(record, cause);
  for (const { edges } of stage.sinks)
    for (const id of edges) {
      const edge = frame.edges[id];
      for (let k = 0; k < (edge?.records.length ?? 0); k++) note(edge!.records[k]!, edge!.causes[k] ?? -1);
    }
  return found;
}

/** Adds up by cause: `counts[i + 1]` for record i, `counts[0]` for a tick. */
export function countByCause(causes: Iterable<number>, roots: number): Uint32Array {
  const counts = new Uint32Array(roots + 1);
  for (const cause of causes) counts[cause + 1]!++;
  return counts;
}

/** Position after the message a record came in; `index` into the roots of the frame. */
export function positionAfter(frame: Frame, index: number): number {
  const root = frame.roots[index]!;
  const { batch } = frame;
  if (batch?.positions === undefined) return root.offset + 1;
  const own = batch.records.indexOf(root); // -1 for an element of a message
  const at =
    own < 0
      ? batch.records.findIndex((it) => it.index < 0 && it.offset === root.offset && it.source === root.source)
      : own;
  return (batch.positions[at] ?? root.offset) + 1;
}
