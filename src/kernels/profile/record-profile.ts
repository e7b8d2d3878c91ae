import type { FieldSlot } from '../../core/field.ts';
import type { DataRecord } from '../../core/record.ts';
import { FieldProfile, type FieldReport, type ProfileSettings, type ReportOptions } from './field-profile.ts';

/** Objects are looked into this deep; below it they are values. */
const MAX_DEPTH = 4;

export interface RecordProfileOptions {
  readonly settings: ProfileSettings;
  /** Undefined: every field that comes. */
  readonly fields: readonly FieldSlot[] | undefined;
  readonly maxFields: number;
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
    const { fields } = this.options;
    if (fields === undefined) this.walk('', record.data, 0);
    else for (const slot of fields) this.put(slot.text, slot.get(record));
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

  private walk(path: string, value: unknown, depth: number): void {
    const isMap = value !== null && typeof value === 'object' && !Array.isArray(value);
    if (!isMap || depth === MAX_DEPTH) {
      this.put(path === '' ? 'value' : path, value);
      return;
    }
    for (const [name, inner] of Object.entries(value))
      this.walk(path === '' ? name : `${path}.${name}`, inner, depth + 1);
  }

  private put(field: string, value: unknown): void {
    let profile = this.fields.get(field);
    if (profile === undefined) {
      if (this.fields.size >= this.options.maxFields || !this.mayAdd()) {
        this.leftOut++;
        return;
      }
      profile = new FieldProfile(this.options.settings);
      this.fields.set(field, profile);
    }
    profile.add(value);
  }
}
