import type { FieldSlot } from '../../core/field.ts';
import type { Out } from '../../core/operator.ts';
import type { FieldReport, ReportOptions } from './field-profile.ts';
import type { RecordProfile } from './record-profile.ts';

/** Where records go whose segment is one too many. */
export const OVERFLOW = 'overflow';

export interface Segment {
  /** Values of `by` as texts; undefined: the overflow. */
  readonly values: readonly string[] | undefined;
  readonly profile: RecordProfile;
}

interface ProfiledWindow {
  readonly window: { readonly start: string | number; readonly end: string | number };
  readonly records: number;
  readonly segments: ReadonlyMap<string, Segment>;
  /** Values of fields that were not profiled. */
  readonly leftOut: number;
  readonly late: number;
}

interface TellOptions extends ReportOptions {
  readonly by: readonly FieldSlot[];
  readonly hidden: (field: string) => boolean;
  /** Gets every report that is of no segment. */
  readonly keep: (report: FieldReport) => void;
}

/** The events of a window: one `profile.window`, then a `profile.field` for each segment and field. */
export function tellWindow(profiled: ProfiledWindow, out: Out, options: TellOptions): void {
  const { window, records, segments, leftOut, late } = profiled;
  const { by } = options;
  const overflow = segments.get(OVERFLOW);
  out.event('profile.window', {
    window,
    records,
    segments: segments.size,
    ...(overflow === undefined ? {} : { overflow: overflow.profile.records }),
    ...(leftOut === 0 ? {} : { valuesLeftOut: leftOut }),
    late,
  });
  for (const { values, profile } of segments.values()) {
    const name = values === undefined ? OVERFLOW : Object.fromEntries(by.map((slot, i) => [slot.text, values[i]]));
    for (const report of profile.report(options, options.hidden)) {
      out.event('profile.field', { window, ...(by.length === 0 ? {} : { segment: name }), ...report });
      if (by.length === 0) options.keep(report);
    }
  }
}
