import { attemptOf } from '../core/outgoing-headers.ts';
import type { DataRecord } from '../core/record.ts';
import type { Frame } from '../topology/frame.ts';
import { add } from '../topology/frame-counts.ts';
import type { StagePlan } from '../topology/plan.ts';
import { INPUT_STEP } from './source.ts';
import { quarantinedRoots } from './watch/outcomes.ts';

/**
 * `batchVerdict`: a message of which at least `ratio` of the elements were quarantined goes there as a whole: its other
 * elements leave no other way. A message never spans two batches, so the verdict does not depend on the cut.
 */
export function applyBatchVerdict(frame: Frame, stage: StagePlan, ratio: number): Frame {
  const bad = quarantinedRoots(frame, stage);
  if (bad.size === 0) return frame;
  const condemned = condemnedOffsets(frame.roots, bad, ratio);
  if (condemned.size === 0) return frame;
  for (const sink of stage.sinks) {
    if (sink.role === 'quarantine') continue;
    for (const id of sink.edges) {
      const edge = frame.edges[id];
      if (edge === undefined) continue;
      let kept = 0;
      for (let i = 0; i < edge.records.length; i++) {
        const record = edge.records[i] as DataRecord; // i is below the length
        if (isCondemned(record, condemned)) continue;
        edge.records[kept] = record;
        edge.causes[kept++] = edge.causes[i] ?? -1;
      }
      edge.records.length = kept;
      edge.causes.length = kept;
    }
  }
  for (let i = 0; i < frame.roots.length; i++) {
    const root = frame.roots[i] as DataRecord; // i is below the length
    if (!isCondemned(root, condemned) || bad.has(root)) continue;
    const draft = root.edit();
    draft.addFinding({
      step: INPUT_STEP,
      rule: 'batch-verdict',
      severity: 'error',
      message: 'too many elements of its message were quarantined',
    });
    draft.editable = false;
    add(frame.counts.findings, `${INPUT_STEP}\0batch-verdict\0error`);
    frame.rejected.push({ record: draft, cause: i, step: INPUT_STEP });
  }
  return frame;
}

function isCondemned(record: DataRecord, offsets: ReadonlySet<number>): boolean {
  return offsets.has(record.offset) && attemptOf(record) === 0;
}

function condemnedOffsets(
  roots: readonly DataRecord[],
  bad: ReadonlyMap<DataRecord, number>,
  ratio: number,
): Set<number> {
  const elements = new Map<number, { all: number; bad: number }>();
  for (const root of roots) {
    if (attemptOf(root) > 0) continue; // it came back from quarantine alone
    const message = elements.get(root.offset) ?? { all: 0, bad: 0 };
    message.all++;
    if (bad.has(root)) message.bad++;
    elements.set(root.offset, message);
  }
  return new Set([...elements].filter(([, message]) => message.bad / message.all >= ratio).map(([offset]) => offset));
}
