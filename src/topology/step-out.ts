import { OperatorError } from '../core/errors.ts';
import type { Evidence, Finding } from '../core/finding.ts';
import type { Out } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';
import { fateBit } from './fates.ts';
import type { Edge, Frame } from './frame.ts';
import { add } from './frame-counts.ts';
import type { StepPlan } from './plan.ts';

const MERGED = fateBit('merged');

/** Where the results of one step go: into the slots of its ports, each with the record that caused it. */
export class StepOut implements Out {
  at = 0;
  private readonly step: StepPlan;
  private readonly firstPort: number;
  private readonly redacted: (field: string) => boolean;
  private frame!: Frame;
  private records: readonly DataRecord[] = [];
  private causes: readonly number[] = [];
  private base = 0;
  private edges: (Edge | undefined)[] = [];
  private eventCause = -1;
  private eventOrdinal = 0;
  /** Changes by method, handed to the frame's counts once a frame. */
  private changes = new Map<string, number>();
  /** Held records released in this frame: their fate is settled again at its end. */
  private readonly released: DataRecord[];

  constructor(options: {
    step: StepPlan;
    firstPort: number;
    redacted: (field: string) => boolean;
    released: DataRecord[];
  }) {
    this.step = options.step;
    this.firstPort = options.firstPort;
    this.redacted = options.redacted;
    this.released = options.released;
  }

  /** `base`: index of the first record of `records` in `causes`. Negative cause: a tick. */
  begin(frame: Frame, records: readonly DataRecord[], causes: readonly number[], base: number): void {
    if (this.frame !== frame) {
      this.frame = frame;
      this.edges = this.step.ports.map(() => undefined);
      this.eventCause = -2;
      this.eventOrdinal = 0;
    }
    this.records = records;
    this.causes = causes;
    this.base = base;
    this.at = 0;
  }

  private get cause(): number {
    return this.causes[this.base + this.at] ?? -1;
  }

  emit(port: number, record: DataRecord): void {
    let edge = this.edges[port];
    if (edge === undefined) {
      const target = this.step.ports[port];
      if (target === undefined)
        throw new OperatorError(`step ${this.step.id} has no port ${port}`, { code: 'no-port' });
      edge = this.frame.edge(target.edge);
      this.edges[port] = edge;
    }
    record.editable = false;
    edge.records.push(record);
    edge.causes.push(this.causes[this.base + this.at] ?? -1);
  }

  finding(draft: DataRecord | undefined, finding: Omit<Finding, 'step'>): void {
    add(
      this.frame.counts.findings,
      `${this.step.id}\0${finding.rule}\0${draft === undefined ? 'shadow' : finding.severity}`,
    );
    if (draft === undefined) return;
    const { step, redacted } = this;
    if (finding.field === undefined || !redacted(finding.field)) draft.addFinding({ step: step.id, ...finding });
    else {
      const { observed: _observed, ...shown } = finding;
      draft.addFinding({ step: step.id, ...shown });
    }
  }

  evidence(draft: DataRecord | undefined, evidence: Omit<Evidence, 'step'>): void {
    add(this.changes, evidence.method);
    if (draft === undefined) return;
    const hidden = this.redacted(evidence.field) ? { old: '[redacted]', new: '[redacted]' } : {};
    draft.addEvidence({ ...evidence, ...hidden, step: this.step.id });
  }

  countEvidence(method: string, n: number): void {
    add(this.changes, method, n);
  }

  event(type: string, data: Readonly<Record<string, unknown>>): void {
    const cause = this.cause;
    this.eventOrdinal = cause === this.eventCause ? this.eventOrdinal + 1 : 0;
    this.eventCause = cause;
    add(this.frame.counts.events, `${this.step.id}\0${type}`);
    this.frame.events.push({ step: this.step.id, type, data, cause, ordinal: this.eventOrdinal });
  }

  absorb(how: 'merged' | 'held'): void {
    const root = this.records[this.at]?.root;
    if (root === undefined) return;
    if (how === 'merged') root.fates |= MERGED;
    else root.held++;
  }

  release(record: DataRecord, as?: 'merged'): void {
    const root = record.root;
    if (root === undefined) return;
    if (root.held <= 0)
      throw new OperatorError(`step ${this.step.id} released a record it did not hold`, { code: 'not-held' });
    root.held--;
    if (as === 'merged') root.fates |= MERGED;
    this.released.push(root);
  }

  /** Takes back what was emitted and said for the record that threw; what its time released has left for good. */
  rollback(): void {
    const cause = this.cause;
    const root = this.records[this.at]?.root;
    for (const edge of this.edges) {
      if (edge === undefined || root === undefined) continue;
      for (let i = edge.records.length - 1; i >= 0 && edge.causes[i] === cause; i--) {
        if (edge.records[i]?.root !== root) continue;
        edge.records.splice(i, 1);
        edge.causes.splice(i, 1);
      }
    }
    const events = this.frame.events;
    while (events.length > 0 && events.at(-1)?.step === this.step.id && events.at(-1)?.cause === cause) events.pop();
  }

  /** Ends the step's part of a frame: its counts go to the frame. */
  settle(): void {
    for (const [method, n] of this.changes) add(this.frame.counts.changes, `${this.step.id}\0${method}`, n);
    if (this.changes.size > 0) this.changes = new Map();
    const counts = this.frame.counts.ports;
    for (let port = 0; port < this.edges.length; port++) {
      counts[this.firstPort + port] = (counts[this.firstPort + port] ?? 0) + (this.edges[port]?.records.length ?? 0);
    }
  }
}
