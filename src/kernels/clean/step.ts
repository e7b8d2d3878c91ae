/** A value a step could not read: it stays as it is, and the reason becomes a finding. */
export class Refusal {
  /** `unparsed` or `lossy-number`: the rule of the finding is `<field>.<method>`, or the code when it is `lossy-number`. */
  readonly code: 'unparsed' | 'lossy-number';
  readonly expected: string;

  constructor(code: 'unparsed' | 'lossy-number', expected: string) {
    this.code = code;
    this.expected = expected;
  }
}

/** Gives the value itself when there is nothing to do; `data` is the record's value, for derived fields. */
export type Apply = (value: unknown, data: unknown) => unknown;

export interface CompiledStep {
  readonly method: string;
  readonly apply: Apply;
  /** Also runs on null and missing. */
  readonly onNull?: boolean;
  /** What it changes must not show (mask, hash). */
  readonly hides?: boolean;
}
