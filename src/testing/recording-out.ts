import type { Evidence, Finding } from '../core/finding.ts';
import type { Out } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';

/** Everything a kernel said, one line each, in order; `base` makes positions independent of the cut. */
export class RecordingOut implements Out {
  at = 0;
  base = 0;
  readonly lines: string[] = [];
  /** Emissions, absorptions and releases by the offset of the root they concern. */
  readonly left = new Map<DataRecord, { emitted: number; merged: number; held: number }>();
  /** What was only counted, which a kernel may do once a batch. */
  readonly counts = new Map<string, number>();
  private readonly ports: readonly string[];
  private records: readonly DataRecord[] = [];
  private last = -1;

  constructor(ports: readonly string[]) {
    this.ports = ports;
  }

  begin(records: readonly DataRecord[], base: number): void {
    this.records = records;
    this.base = base;
    this.at = 0;
    this.last = -1;
  }

  emit(port: number, record: DataRecord): void {
    const name = this.ports[port];
    if (name === undefined) throw new Error(`there is no port ${port}`);
    if (this.at < this.last) throw new Error(`out.at went back from ${this.last} to ${this.at}`);
    this.last = this.at;
    record.editable = false;
    if (record.root !== undefined) this.of(record.root).emitted++;
    this.say(`emit ${name}`, {
      offset: record.offset,
      value: String(record.codec.encode(record)),
      key: record.key === null ? null : Buffer.from(record.key).toString('hex'),
      derived: record.root === undefined,
      findings: record.findings,
      evidence: record.evidence,
    });
  }

  finding(draft: DataRecord | undefined, finding: Omit<Finding, 'step'>): void {
    if (draft === undefined) this.count(`finding ${finding.rule} ${finding.severity}`);
    else draft.addFinding({ step: 'contract', ...finding });
  }

  evidence(draft: DataRecord | undefined, evidence: Omit<Evidence, 'step'>): void {
    if (draft === undefined) this.count(`evidence ${evidence.method}`);
    else draft.addEvidence({ step: 'contract', ...evidence });
  }

  event(type: string, data: Readonly<Record<string, unknown>>): void {
    this.say(`event ${type}`, data);
  }

  absorb(how: 'merged' | 'held'): void {
    const record = this.records[this.at];
    if (record === undefined) throw new Error(`absorb at ${this.at}, where there is no record`);
    if (record.root !== undefined) this.of(record.root)[how]++;
    this.say(`absorb ${how}`, record.offset);
  }

  release(record: DataRecord, as?: 'merged'): void {
    if (record.root !== undefined) {
      const of = this.of(record.root);
      of.held--;
      if (as === 'merged') of.merged++;
    }
    this.say('release', record.offset);
  }

  /** Lines and counts: all there is to compare. */
  get said(): readonly string[] {
    const counts = [...this.counts].map(([what, n]) => `${n} × ${what}`).sort();
    return [...this.lines, ...counts];
  }

  private count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  private of(root: DataRecord): { emitted: number; merged: number; held: number } {
    const known = this.left.get(root);
    if (known !== undefined) return known;
    const made = { emitted: 0, merged: 0, held: 0 };
    this.left.set(root, made);
    return made;
  }

  private say(what: string, detail: unknown): void {
    this.lines.push(`${this.base + this.at} ${what} ${JSON.stringify(detail)}`);
  }
}
