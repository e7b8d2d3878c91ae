import type { Finding } from '../../core/finding.ts';
import type { KernelStats, OperatorDeps, Out } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import { canonicalJson } from '../canonical-json/canonical-json.ts';
import type { Expectation, ExpectationSpec, Verdict } from './expectation.ts';

/** Positions of a window: milliseconds of event time, or numbers of records. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly records: number;
  /** How many windows in a row: more than one only without records. */
  readonly windows: number;
  /** Cut off by the start or end of the input. */
  readonly partial: boolean;
}

export interface Judged {
  readonly expectation: Expectation;
  readonly verdict: Verdict;
  /** Values that are no number, or no instant. */
  readonly invalid: number;
}

interface ReportOptions {
  readonly window: { readonly unit: 'ms' | 'records'; readonly size: number };
  readonly segment?: Readonly<Record<string, string>>;
}

/** Says what windows were like: events `window.failed` and `window.recovered`, findings on held records, gauges. */
export class WindowReport {
  private readonly options: ReportOptions;
  private readonly expectations: readonly Expectation[];
  private readonly deps: OperatorDeps;
  /** Late records told so far. */
  private late = 0;

  constructor(options: ReportOptions, expectations: readonly Expectation[], deps: OperatorDeps) {
    this.options = options;
    this.expectations = expectations;
    this.deps = deps;
  }

  /** The fields of `key`, as text; '' without one. */
  keyOf(index: number, record: DataRecord): string {
    const { key } = this.expectations[index]!.spec;
    return key.length === 0 ? '' : canonicalJson(key.map((slot) => slot.get(record) ?? null));
  }

  tell(span: Span, judged: readonly Judged[], now: { readonly late: number; readonly out: Out }): void {
    const late = now.late - this.late;
    this.late = now.late;
    for (const one of judged) {
      const { expectation, verdict } = one;
      const { spec } = expectation;
      if (!verdict.holds || expectation.failing) {
        const type = verdict.holds ? 'window.recovered' : 'window.failed';
        now.out.event(type, { ...this.about(spec), ...this.seen(one), ...this.place(span), late });
      }
      expectation.failing = !verdict.holds;
    }
  }

  finding({ expectation, verdict }: Judged): Omit<Finding, 'step'> {
    const { spec } = expectation;
    return {
      rule: spec.name,
      severity: spec.severity,
      ...(spec.field === undefined ? {} : { field: spec.field.text }),
      ...(this.hides(spec) ? {} : { observed: rounded(verdict.value) }),
      expected: expected(verdict),
      message: `${spec.measure} of its window is not as expected`,
      dimension: DIMENSIONS[spec.measure],
    };
  }

  gauges(late: number): NonNullable<KernelStats['gauges']> {
    return [
      { name: 'window_late_records', value: late },
      ...this.expectations
        .filter(({ last }) => !Number.isNaN(last))
        .flatMap(({ spec, last, failing }) => [
          { name: 'window_value', labels: { expectation: spec.name }, value: last },
          { name: 'window_failing', labels: { expectation: spec.name }, value: failing ? 1 : 0 },
        ]),
    ];
  }

  save(): number {
    return this.late;
  }

  load(late: number): void {
    this.late = late;
  }

  private about({ name, measure, field, severity }: ExpectationSpec) {
    const { segment } = this.options;
    return {
      expectation: name,
      measure,
      ...(field === undefined ? {} : { field: field.text }),
      ...(segment === undefined ? {} : { segment }),
      severity,
    };
  }

  private seen({ expectation, verdict, invalid }: Judged) {
    const { min, max } = verdict.bounds;
    return {
      ...(this.hides(expectation.spec) ? {} : { observed: rounded(verdict.value) }),
      ...(min === undefined ? {} : { min: rounded(min) }),
      ...(max === undefined ? {} : { max: rounded(max) }),
      ...(expectation.spec.history === undefined ? {} : { learned: true }),
      ...(invalid === 0 ? {} : { invalid }),
    };
  }

  private place({ start, end, records, windows, partial }: Span) {
    const isTime = this.options.window.unit === 'ms';
    const show = (position: number) => (isTime ? instant(position) : position);
    return {
      window: { start: show(start), end: show(end) },
      records,
      ...(windows === 1 ? {} : { windows }),
      ...(partial ? { partial: true } : {}),
    };
  }

  private hides({ field }: ExpectationSpec): boolean {
    return field !== undefined && this.deps.redacted(field.text);
  }
}

const DIMENSIONS: Readonly<Record<ExpectationSpec['measure'], string>> = {
  'row-count': 'completeness',
  rate: 'completeness',
  freshness: 'timeliness',
  'null-ratio': 'completeness',
  mean: 'accuracy',
  quantile: 'accuracy',
  stdev: 'accuracy',
  sum: 'accuracy',
  distinct: 'consistency',
  uniqueness: 'uniqueness',
  'in-set': 'validity',
  monotonic: 'consistency',
  'sequence-gaps': 'completeness',
};

function expected({ bounds: { min, max } }: Verdict): string {
  if (min === undefined) return `at most ${rounded(max!)}`;
  return max === undefined ? `at least ${rounded(min)}` : `${rounded(min)} to ${rounded(max)}`;
}

/** Twelve digits: the thirteenth depends on the order of adding. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}

/** Dates beyond what a calendar holds stay numbers. */
function instant(ms: number): string | number {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : ms;
}
