import type { Batch } from '../core/broker.ts';
import { FormatError } from '../core/errors.ts';
import type { FieldSlot } from '../core/field.ts';
import type { Finding } from '../core/finding.ts';
import { DataRecord } from '../core/record.ts';
import { Frame, type Rejected } from '../topology/frame.ts';
import { add } from '../topology/frame-counts.ts';
import type { InputPlan } from '../topology/plan.ts';
import type { KeyCheck } from './key-check.ts';
import type { StreamClock, Verdict } from './stream-clock.ts';

export interface SourceOptions {
  readonly input: InputPlan;
  readonly eventTime: FieldSlot | undefined;
  /** Reads the event time's text; NaN when it is none. */
  readonly parseTime: (text: string) => number;
  readonly clock: StreamClock;
  /** Absent where keys are not compared. */
  readonly keys: KeyCheck | undefined;
  readonly edgeCount: number;
  readonly portCount: number;
}

/** Step name of findings made before the first step. */
export const INPUT_STEP = 'input';

const MESSAGES: Readonly<Record<Exclude<Verdict, 'none'>, string>> = {
  'no-event-time': 'the event time is missing or cannot be read; the record takes the current stream time',
  'early-event': 'the event time is beyond maxAhead; it does not move stream time',
  'late-event': 'the event time is behind stream time by more than the lateness allowed',
};

/** Turns a batch into a frame: explode, decode, stream time. What cannot be decoded goes to quarantine. */
export class Source {
  private readonly options: SourceOptions;

  constructor(options: SourceOptions) {
    this.options = options;
  }

  frame(batch: Batch, records: readonly DataRecord[]): Frame {
    const { edgeCount, portCount, input } = this.options;
    const rejected: Rejected[] = [];
    const roots = input.explode === undefined ? records : this.explode(records, rejected);
    const frame = new Frame({ batch, roots, edgeCount, portCount });
    for (const item of rejected) this.reject(frame, item.record, item.cause, 'explode-failed');
    const exploded = new Set(rejected.map((item) => item.cause));
    // a stack trace of what failed to decode says nothing, and costs as much as a record
    const traces = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      this.admit(frame, roots, exploded);
    } finally {
      Error.stackTraceLimit = traces;
    }
    return frame;
  }

  private admit(frame: Frame, roots: readonly DataRecord[], exploded: ReadonlySet<number>): void {
    const edge = frame.edge(0);
    for (let i = 0; i < roots.length; i++) {
      const record = roots[i] as DataRecord; // i is below the length
      if (exploded.size > 0 && exploded.has(i)) continue;
      if (record.payload === null) {
        this.stamp(record);
        frame.tombstones.push(record, i);
      } else if (this.decode(frame, record, i)) {
        this.options.keys?.check(record, frame, i);
        this.time(frame, record);
        edge.records.push(record);
        edge.causes.push(i);
      }
    }
  }

  private decode(frame: Frame, record: DataRecord, cause: number): boolean {
    try {
      const { data } = record;
      if (data instanceof FormatError) throw data; // a file reader could not read the row
      return true;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.stamp(record);
      this.reject(frame, record, cause, error.code, error.message);
      return false;
    }
  }

  /** Stream time as it is; behind a repartition the record has it already. */
  private stamp(record: DataRecord): void {
    if (!this.options.input.internal) record.time = this.options.clock.state.streamTime;
  }

  private time(frame: Frame, record: DataRecord): void {
    const { clock, eventTime, parseTime, input } = this.options;
    if (input.internal) return;
    if (eventTime === undefined) {
      record.eventTime = record.timestamp;
      if (!Number.isNaN(record.timestamp)) clock.observe(record.timestamp, record.timestamp);
    } else {
      const value = eventTime.get(record);
      const at = typeof value === 'string' ? parseTime(value) : typeof value === 'number' ? value : Number.NaN;
      record.eventTime = at;
      const verdict = clock.observe(at, record.timestamp);
      if (verdict !== 'none') this.timeFinding(frame, record, verdict, eventTime.text);
    }
    record.time = clock.state.streamTime;
  }

  private timeFinding(frame: Frame, record: DataRecord, rule: Exclude<Verdict, 'none'>, field: string): void {
    add(frame.counts.findings, `${INPUT_STEP}\0${rule}\0warn`);
    record.addFinding({
      step: INPUT_STEP,
      rule,
      severity: 'warn',
      field,
      message: MESSAGES[rule],
      dimension: 'timeliness',
    });
  }

  private reject(frame: Frame, record: DataRecord, cause: number, rule: string, message?: string): void {
    add(frame.counts.findings, `${INPUT_STEP}\0${rule}\0error`);
    const finding: Finding = { step: INPUT_STEP, rule, severity: 'error', dimension: 'validity' };
    record.addFinding(message === undefined ? finding : { ...finding, message });
    frame.rejected.push({ record, cause, step: INPUT_STEP });
  }

  private explode(records: readonly DataRecord[], rejected: Rejected[]): DataRecord[] {
    const path = this.options.input.explode ?? '';
    const elements: DataRecord[] = [];
    for (const record of records) {
      if (record.index >= 0) {
        elements.push(record); // an element that comes back from quarantine by itself
        continue;
      }
      const payloads = record.payload == null ? undefined : explodePayload(record, path);
      if (payloads === undefined) {
        if (record.payload !== null) rejected.push({ record, cause: elements.length, step: INPUT_STEP });
        elements.push(record);
        continue;
      }
      for (let index = 0; index < payloads.length; index++) {
        const { source, offset, timestamp, key, headers, codec } = record;
        elements.push(
          new DataRecord({ source, offset, timestamp, key, headers, codec, index, payload: payloads[index] ?? null }),
        );
      }
    }
    return elements;
  }
}

/** Undefined when the message holds no such list. */
function explodePayload(record: DataRecord, path: string): readonly (string | Uint8Array)[] | undefined {
  try {
    return record.codec.explode?.(record.payload as string | Uint8Array, path); // the caller has excluded null
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
