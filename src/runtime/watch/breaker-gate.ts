import type { OutgoingBatch } from '../../core/broker.ts';
import { FormatError, QualityStop } from '../../core/errors.ts';
import type { KernelStats } from '../../core/operator.ts';
import { DataRecord } from '../../core/record.ts';
import { fateBit } from '../../topology/fates.ts';
import type { Edge, Frame } from '../../topology/frame.ts';
import { add } from '../../topology/frame-counts.ts';
import type { BreakerPlan, Plan, StagePlan } from '../../topology/plan.ts';
import { originalValue } from '../quarantine-writer.ts';
import { Breaker, type BreakerChange, type SavedBreaker } from './breaker.ts';
import { countByCause, positionAfter, quarantinedRoots } from './outcomes.ts';

/** Step name of its events, and what `--reset-state` takes. */
export const BREAKER_STEP = 'breaker';
const ROUTED = fateBit('routed');
/** Beside the fates of a root: it was diverted on arrival, so a copy of it held inside a step leaves no other way. */
const DIVERTED = 1 << 16;

interface Diverted {
  readonly record: DataRecord;
  readonly value: OutgoingBatch['values'][number];
  readonly cause: number;
}

/**
 * The breaker at the end of a stage: between the steps and the sinks. A record that arrives while it is open goes to the
 * diverted topic as it came, with the findings it got, and leaves no other way; so do derived records it caused. What was
 * held inside a step since before the opening passes. A record that cannot be written as it came (undecodable csv) keeps
 * its way into quarantine.
 */
export class BreakerGate {
  private readonly breaker: Breaker;
  private readonly stage: StagePlan;
  private readonly topic: string;
  private readonly value: (record: DataRecord) => Diverted['value'];
  /** Where a stop was decided on in an earlier attempt: the records up to here are committed first. */
  private readonly stopAt: number | undefined;
  private mayStop = true;

  constructor(plan: Plan, stage: StagePlan, options: { readonly breaker: BreakerPlan; readonly stopAt?: number }) {
    this.stage = stage;
    this.breaker = new Breaker(options.breaker);
    this.topic = options.breaker.topic;
    this.stopAt = options.stopAt;
    const sink = stage.sinks.find(({ topic, edges }) => topic === this.topic && edges.length === 0);
    this.value = originalValue(plan, sink?.codec);
  }

  stats(): KernelStats {
    const { isOpen } = this.breaker;
    return { entries: 60, bytes: 60 * 24, gauges: [{ name: 'breaker_open', value: isOpen ? 1 : 0 }] };
  }

  save(): SavedBreaker {
    return this.breaker.save();
  }

  restore(saved: SavedBreaker): void {
    this.breaker.restore(saved);
  }

  /** Throws when an open breaker is asked to end the run. */
  refuseOpen(task: string): void {
    const { breaker } = this;
    if (breaker.plan.action !== 'stop' || !breaker.isOpen) return;
    throw new QualityStop(
      `${task}: the breaker is open: too many records were quarantined. Mend the source or the rules, then start with --reset-state ${BREAKER_STEP} to go on`,
      { code: 'breaker-open' },
    );
  }

  apply(frame: Frame, streamTime: number, mayStop: boolean): Frame {
    this.mayStop = mayStop;
    const bad = countByCause(quarantinedRoots(frame, this.stage).values(), frame.roots.length);
    const open = this.judge(frame, bad, streamTime);
    // what was diverted on arrival may be held inside a step until long after the closing
    if (open !== undefined || this.breaker.isOpen || this.breaker.diverted > 0) this.divert(frame, open);
    return frame;
  }

  /** For each record whether the breaker was open when it came; undefined: at none of them. */
  private judge(frame: Frame, bad: Uint32Array, streamTime: number): Uint8Array | undefined {
    const { breaker } = this;
    let open: Uint8Array | undefined;
    if (bad[0]! > 0) this.tell(frame, -1, breaker.observe(streamTime, 0, bad[0]!));
    for (let i = 0; i < frame.roots.length; i++) {
      if (breaker.isOpen) {
        open ??= new Uint8Array(frame.roots.length);
        open[i] = 1;
        breaker.diverted++;
      }
      this.tell(frame, i, breaker.observe(frame.roots[i]!.time, 1, bad[i + 1]!));
    }
    return open;
  }

  private tell(frame: Frame, cause: number, change: BreakerChange | undefined): void {
    if (change === undefined) return;
    const { breaker } = this;
    const { share, records, quarantined } = change;
    const type = change.to === 'open' ? 'breaker.opened' : 'breaker.closed';
    const root = frame.roots[cause];
    const data = {
      share: Math.round(share * 1e6) / 1e6,
      records,
      quarantined,
      ...(change.to === 'open' ? { action: breaker.plan.action } : { diverted: breaker.diverted }),
      ...(root === undefined ? {} : { origin: root.origin }),
    };
    add(frame.counts.events, `${BREAKER_STEP}\0${type}`);
    frame.events.push({ step: BREAKER_STEP, type, data, cause, ordinal: 0 });
    if (change.to === 'open' && breaker.plan.action === 'stop') this.stop(frame, cause);
  }

  /** The records behind the one that opened it must not be committed: the task starts again and ends there. */
  private stop(frame: Frame, cause: number): void {
    if (cause < 0 || !this.mayStop) return; // at the end of the input nothing follows; what is committed is committed
    const position = positionAfter(frame, cause);
    if (position !== this.stopAt)
      throw new QualityStop('the breaker opened', { code: 'breaker-opened', position, retryable: true });
  }

  private divert(frame: Frame, open: Uint8Array | undefined): void {
    const items: Diverted[] = [];
    const opened = (cause: number) => (cause < 0 ? this.breaker.isOpen : open?.[cause] === 1);
    const shown = new Map<DataRecord, DataRecord>();
    const takes = (record: DataRecord, cause: number): boolean => {
      const { root } = record;
      if (root !== undefined) {
        if (record.findings.length >= (shown.get(root)?.findings.length ?? 0)) shown.set(root, record);
        return (root.fates & DIVERTED) !== 0;
      }
      if (!opened(cause)) return false;
      items.push({ record, value: JSON.stringify(record.data), cause });
      return true;
    };
    for (let i = 0; i < frame.roots.length; i++) {
      if (open?.[i] !== 1) continue;
      const root = frame.roots[i]!;
      const value = this.written(root);
      if (value === undefined) continue;
      root.fates |= ROUTED | DIVERTED;
      items.push({ record: root, value, cause: i });
    }
    this.takeOut(frame, takes);
    if (items.length === 0) return;
    items.sort((a, b) => a.cause - b.cause); // stable
    const records = items.map(({ record }) => withFindings(record, shown.get(record)));
    frame.outgoing.push({
      topic: this.topic,
      role: 'output',
      records,
      values: items.map(({ value }) => value),
      findings: 'header',
    });
  }

  private written(root: DataRecord): Diverted['value'] | undefined {
    try {
      return this.value(root);
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  }

  private takeOut(frame: Frame, takes: (record: DataRecord, cause: number) => boolean): void {
    for (const { edges } of this.stage.sinks)
      for (const id of edges) {
        const edge = frame.edges[id];
        if (edge !== undefined) keep(edge, takes);
      }
    keep(frame.tombstones, takes);
    let kept = 0;
    for (const item of frame.rejected) if (!takes(item.record, item.cause)) frame.rejected[kept++] = item;
    frame.rejected.length = kept;
  }
}

/** An edge may be read by several sinks: what was taken out by the first is not there for the next. */
function keep(edge: Edge, takes: (record: DataRecord, cause: number) => boolean): void {
  let kept = 0;
  for (let i = 0; i < edge.records.length; i++) {
    const record = edge.records[i]!;
    const cause = edge.causes[i] ?? -1;
    if (takes(record, cause)) continue;
    edge.records[kept] = record;
    edge.causes[kept++] = cause;
  }
  edge.records.length = kept;
  edge.causes.length = kept;
}

/** The record as it came, with what the steps said of it. */
function withFindings(root: DataRecord, shown: DataRecord | undefined): DataRecord {
  if (shown === undefined || shown === root || shown.findings.length === 0) return root;
  const copy = new DataRecord(root);
  copy.root = root.root;
  copy.findings = shown.findings;
  return copy;
}
