import type { FieldSlot } from '../../core/field.ts';
import type { Severity } from '../../core/finding.ts';
import type { DataRecord } from '../../core/record.ts';
import type { Work } from '../../core/shared-work.ts';
import type { CelExpression } from '../cel/cel.ts';

/** What a finding says about the rule. */
export interface RuleInfo {
  readonly name: string;
  /** As the user wrote it. */
  readonly field: string | undefined;
  readonly severity: Severity;
  readonly dimension: string;
  readonly expected: string;
  readonly message: string | undefined;
  readonly suggestion: string | undefined;
  readonly shadow: boolean;
  /** Redacted: the value must not show. */
  readonly hidden: boolean;
  /** The rule applies only where all of these are true. */
  readonly when: readonly CelExpression[];
}

/** A condition of generated code: one of our own texts over `v`, `w`, `time` with `$0`, `$1` … for constants. */
export interface Template {
  readonly code: string;
  readonly constants: readonly unknown[];
}

interface Common {
  readonly rule: RuleInfo;
  /** Whether it passes, worked out once for all steps of the stage that ask the same. */
  readonly shared?: Work<boolean>;
}

/** Fails when the value is null or missing. */
export interface RequiredCheck extends Common {
  readonly kind: 'required';
  readonly slot: FieldSlot;
}

/** Looks at one value (or two, with `other`); does not apply when one of them is null or missing. */
export interface ValueCheck extends Common {
  readonly kind: 'value';
  readonly slot: FieldSlot;
  readonly other?: FieldSlot;
  readonly test: (value: unknown, other: unknown, time: number) => boolean;
  readonly template?: Template;
  /** A better value or what to do, worked out only for what failed. */
  readonly suggest?: (value: unknown) => string | undefined;
}

/** Looks at the whole record. */
export interface RecordCheck extends Common {
  readonly kind: 'record';
  readonly slot?: FieldSlot;
  readonly test: (record: DataRecord, data: unknown) => boolean;
  /** False where it has nothing to look at; left out: it always has. */
  readonly speaks?: (record: DataRecord, data: unknown) => boolean;
  /** What a finding shows of the values it looked at. */
  readonly observe?: (data: unknown) => unknown;
  /** Several findings instead of one: place within the field, and what was expected there. */
  readonly violations?: (record: DataRecord) => readonly Violation[];
}

export interface Violation {
  readonly field: string | undefined;
  readonly expected: string;
  readonly observed: unknown;
}

export type Check = RequiredCheck | ValueCheck | RecordCheck;

/** Whether the conditions of a rule hold for a record. */
export function applies(rule: RuleInfo, record: DataRecord): boolean {
  for (const condition of rule.when) if (condition.test(record.data) !== true) return false;
  return true;
}

/** The plain meaning of a check: what generated code must agree with. */
export function passes(check: Check, record: DataRecord, data: unknown, time: number): boolean {
  switch (check.kind) {
    case 'record':
      return check.test(record, data);
    case 'required': {
      if (!check.slot.many) return isPresent(check.slot.get(record));
      for (const slot of check.slot.expand(record)) if (!isPresent(slot.get(record))) return false;
      return true;
    }
    case 'value': {
      if (!check.slot.many) return passesAt(check, check.slot, record, time);
      for (const slot of check.slot.expand(record)) if (!passesAt(check, slot, record, time)) return false;
      return true;
    }
  }
}

/** Whether a check has something to look at: null and missing values are no evidence for a record. */
export function speaks(check: Check, record: DataRecord, data: unknown): boolean {
  switch (check.kind) {
    case 'record':
      return check.speaks?.(record, data) ?? true;
    case 'required':
      return true;
    case 'value':
      return check.slot.many
        ? check.slot.expand(record).some((slot) => hasValues(check, slot, record))
        : hasValues(check, check.slot, record);
  }
}

function hasValues(check: ValueCheck, slot: FieldSlot, record: DataRecord): boolean {
  return isPresent(slot.get(record)) && (check.other === undefined || isPresent(check.other.get(record)));
}

/** One concrete place of a value check. */
export function passesAt(check: ValueCheck, slot: FieldSlot, record: DataRecord, time: number): boolean {
  const value = slot.get(record);
  if (!isPresent(value)) return true;
  if (check.other === undefined) return check.test(value, undefined, time);
  const other = check.other.get(record);
  return !isPresent(other) || check.test(value, other, time);
}

export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
