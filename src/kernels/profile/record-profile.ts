import type { FieldSlot } from '../../core/field.ts';
import type { DataRecord } from '../../core/record.ts';
import type { Work } from '../../core/shared-work.ts';
import { FieldProfile, type FieldReport, type ProfileSettings, type ReportOptions } from './field-profile.ts';
import { eachField, type RecordFacts } from './value-facts.ts';

export interface RecordProfileOptions {
  readonly settings: ProfileSettings;
  /** Undefined: every field that comes. */
  readonly fields: readonly FieldSlot[] | undefined;
  readonly maxFields: number;
  /** The same fields, looked at once for several profiles. */
  readonly facts?: Work<RecordFacts> | undefined;
}

/** The fields of records: those named, or all that come, up to a bound. */
export class RecordProfile {
  records = 0;
  /** Values of fields beyond the bound. */
  leftOut = 0;
  readonly fields = new Map<string, FieldProfile>();
  private readonly options: RecordProfileOptions;
  private readonly mayAdd: () => boolean;

  /** `mayAdd`: asked before a field is added; it counts what it allows. */
  constructor(options: RecordProfileOptions, mayAdd: () => boolean = () => true) {
    this.options = options;
    this.mayAdd = mayAdd;
  }

  add(record: DataRecord): void {
    this.records++;
    const { fields, facts } = this.options;
    if (facts !== undefined)
      for (const [field, fact] of facts(record.data, record)) this.profileOf(field)?.addFacts(fact);
    else if (fields === undefined) eachField(record.data, (field, value) => this.profileOf(field)?.add(value));
    else for (const slot of fields) this.profileOf(slot.text)?.add(slot.get(record));
  }

  report(options: ReportOptions, hidden: (field: string) => boolean): readonly FieldReport[] {
    return [...this.fields].map(([field, profile]) =>
      profile.report(field, this.records, { ...options, hidden: hidden(field) }),
    );
  }

  get bytes(): number {
    let sum = 0;
    for (const profile of this.fields.values()) sum += profile.bytes;
    return sum;
  }

  save(): unknown {
    return [this.records, this.leftOut, [...this.fields].map(([field, profile]) => [field, profile.save()])];
  }

  load(saved: unknown): void {
    const [records, leftOut, fields] = saved as readonly [number, number, readonly (readonly [string, unknown])[]]; // as save() wrote it
    this.records = records;
    this.leftOut = leftOut;
    for (const [field, profile] of fields) {
      this.mayAdd();
      this.fields.set(field, FieldProfile.load(this.options.settings, profile));
    }
  }

  /** Undefined, and counted, beyond the bound. */
  private profileOf(field: string): FieldProfile | undefined {
    let profile = this.fields.get(field);
    if (profile === undefined) {
      if (this.fields.size >= this.options.maxFields || !this.mayAdd()) {
        this.leftOut++;
        return undefined;
      }
      profile = new FieldProfile(this.options.settings);
      this.fields.set(field, profile);
    }
    return profile;
  }
}
