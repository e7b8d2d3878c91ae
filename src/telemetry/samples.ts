import type { RecordSample } from '../core/observer.ts';
import type { SampleView } from './view.ts';

/** Records kept in all, and of one rule; the oldest go first. */
const MAX_SAMPLES = 2000;
const MAX_SAMPLES_PER_RULE = 20;

export interface SampleQuery {
  readonly rule?: string;
  readonly step?: string;
  readonly field?: string;
  /** Text in the value or in a finding, whatever its case. */
  readonly text?: string;
  /** Milliseconds since the epoch, compared with stream time. */
  readonly since?: number;
  readonly limit: number;
}

/** The newest records that show what the rules found. */
export class SampleStore {
  private readonly samples = new Map<number, SampleView>();
  private readonly perRule = new Map<string, number[]>();
  private next = 1;

  add(record: RecordSample): void {
    const id = this.next++;
    this.samples.set(id, { ...record, id, time: Number.isFinite(record.time) ? record.time : null });
    for (const key of new Set(record.findings.map(({ step, rule }) => `${step}\0${rule}`))) this.addTo(key, id);
    const oldest = this.samples.keys().next().value;
    if (this.samples.size > MAX_SAMPLES && oldest !== undefined) this.samples.delete(oldest);
  }

  private addTo(key: string, id: number): void {
    const ids = this.perRule.get(key) ?? [];
    this.perRule.set(key, ids);
    ids.push(id);
    if (ids.length > MAX_SAMPLES_PER_RULE) ids.shift();
  }

  /** Newest first. */
  find(query: SampleQuery): readonly SampleView[] {
    const found: SampleView[] = [];
    const ids =
      query.rule !== undefined && query.step !== undefined
        ? (this.perRule.get(`${query.step}\0${query.rule}`) ?? [])
        : [...this.samples.keys()];
    for (let i = ids.length - 1; i >= 0 && found.length < query.limit; i--) {
      const sample = this.samples.get(ids[i] ?? -1);
      if (sample !== undefined && isWanted(sample, query)) found.push(sample);
    }
    return found;
  }
}

function isWanted(sample: SampleView, { rule, step, field, text, since }: SampleQuery): boolean {
  if (rule !== undefined && !sample.findings.some((finding) => finding.rule === rule)) return false;
  if (step !== undefined && sample.step !== step && !sample.findings.some((finding) => finding.step === step))
    return false;
  if (field !== undefined && !sample.findings.some((finding) => finding.field === field)) return false;
  if (since !== undefined && (sample.time ?? Number.NEGATIVE_INFINITY) < since) return false;
  if (text === undefined || text === '') return true;
  const wanted = text.toLowerCase();
  return `${sample.value ?? ''}${sample.cleaned ?? ''}${JSON.stringify(sample.findings)}`
    .toLowerCase()
    .includes(wanted);
}
