import { FormatError } from '../core/errors.ts';
import { compileField, type FieldSlot } from '../core/field.ts';
import type { CommitSamples, EventSample, RecordSample } from '../core/observer.ts';
import type { DataRecord } from '../core/record.ts';
import { boundFinding } from '../core/render-findings.ts';
import type { CompiledStage } from '../topology/compile.ts';
import type { Frame } from '../topology/frame.ts';
import type { Plan } from '../topology/plan.ts';

/** Of one commit; a rule that fails for everything takes no more room than that. */
const MAX_RECORDS = 64;
const MAX_RECORDS_PER_RULE = 4;
const MAX_EVENTS = 256;
const MAX_VALUE_CHARS = 4096;
const MAX_EVENT_CHARS = 300;

/** Takes a few records and events of each commit along for those who watch. Costs nothing where nobody does. */
export class Sampler {
  private readonly hidden: readonly FieldSlot[];
  private records: RecordSample[] = [];
  private events: EventSample[] = [];
  private perRule = new Map<string, number>();

  constructor(plan: Plan) {
    this.hidden = plan.redact.map(compileField);
  }

  add(frame: Frame): void {
    for (const batch of frame.outgoing) {
      if (batch.role === 'events') for (const value of batch.values) this.event(String(value));
      else if (batch.role === 'quarantine')
        batch.records.forEach((record, i) => {
          this.record(record, 'quarantined', batch.steps?.[i] ?? 'input');
        });
      else if (batch.role === 'output')
        for (const record of batch.records)
          if (record.findings.length > 0) this.record(record, 'curated', record.findings[0]?.step ?? '');
    }
  }

  /** What was taken since the last call, and how the steps look now. */
  take(steps: CompiledStage['steps']): CommitSamples {
    const { records, events } = this;
    this.records = [];
    this.events = [];
    this.perRule = new Map();
    const inspections = steps.flatMap(({ plan, kernel }) => {
      const inspection = kernel.inspect?.();
      return inspection === undefined ? [] : [{ step: plan.id, inspection }];
    });
    return { records, events, inspections };
  }

  private event(text: string): void {
    if (this.events.length >= MAX_EVENTS) return;
    const { type, source, time, data } = JSON.parse(text, shortened); // as writeEvents wrote it
    const step = String(source).split('/').at(-1) ?? '';
    this.events.push({ type, step, data, ...(time === undefined ? {} : { time }) });
  }

  private record(record: DataRecord, fate: RecordSample['fate'], step: string): void {
    if (this.records.length >= MAX_RECORDS || !this.isNews(record)) return;
    const value = this.hidden.length === 0 ? textOf(record) : this.without(record);
    const cleaned = record.patches === undefined || this.hidden.length > 0 ? undefined : jsonOf(record.data);
    this.records.push({
      fate,
      step,
      origin: record.origin,
      time: record.time,
      findings: record.findings.map(boundFinding),
      ...(value === undefined ? {} : { value: cut(value) }),
      ...(cleaned === undefined ? {} : { cleaned: cut(cleaned) }),
    });
  }

  /** One of its rules has not been shown often enough in this commit. */
  private isNews(record: DataRecord): boolean {
    let news = false;
    for (const { step, rule } of record.findings) {
      const key = `${step}\0${rule}`;
      const n = this.perRule.get(key) ?? 0;
      if (n >= MAX_RECORDS_PER_RULE) continue;
      this.perRule.set(key, n + 1);
      news = true;
    }
    return news;
  }

  /** The value without what must not show; undefined when it cannot be read. */
  private without(record: DataRecord): string | undefined {
    try {
      const draft = record.edit();
      for (const slot of this.hidden)
        for (const one of slot.expand(draft)) if (one.get(draft) !== undefined) one.set(draft, '[hidden]');
      draft.editable = false;
      return jsonOf(draft.data);
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  }
}

/** A stored reference in an event is kilobytes that say nothing to people. */
function shortened(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > MAX_EVENT_CHARS ? `${value.slice(0, MAX_EVENT_CHARS)}…` : value;
}

function textOf({ payload, data }: DataRecord): string | undefined {
  if (payload === null) return undefined;
  if (payload === undefined) return jsonOf(data);
  return typeof payload === 'string' ? payload : new TextDecoder().decode(payload.subarray(0, MAX_VALUE_CHARS));
}

function jsonOf(data: unknown): string | undefined {
  try {
    return JSON.stringify(data);
  } catch {
    return undefined; // too deep to be shown
  }
}

function cut(text: string): string {
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
}
