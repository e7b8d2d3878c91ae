export type Severity = 'error' | 'warn' | 'info';

/** One thing wrong with one record. */
export interface Finding {
  /** The step that found it; `input` for what happens before the first step. */
  readonly step: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly field?: string;
  readonly observed?: unknown;
  readonly expected?: string;
  readonly message?: string;
  readonly suggestion?: string;
  /** Quality dimension, e.g. completeness, validity, consistency, uniqueness, timeliness, accuracy. */
  readonly dimension?: string;
  /** The fewest changes with which the record would pass. */
  readonly edits?: readonly FieldEdit[];
}

/** A field and the value it should have, or that it should not be there. */
export interface FieldEdit {
  readonly field: string;
  readonly value?: unknown;
  readonly remove?: true;
}

/** One change to a record. Applying `old` backwards, last first, restores the input. `undefined` = the field was absent. */
export interface Evidence {
  readonly field: string;
  readonly old: unknown;
  readonly new: unknown;
  readonly step: string;
  readonly method: string;
  readonly confidence?: number;
}

export const NO_FINDINGS: readonly Finding[] = Object.freeze([]);
export const NO_EVIDENCE: readonly Evidence[] = Object.freeze([]);

/** DESIGN 7: bounds of what a finding may carry out of the engine. */
export const MAX_OBSERVED_BYTES = 256;
export const MAX_FINDINGS_BYTES = 8 * 1024;
/** Text of the changes of one record that leaves the engine. */
export const MAX_EVIDENCE_CHARS = 64 * 1024;
