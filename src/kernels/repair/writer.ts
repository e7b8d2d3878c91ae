import type { Out } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import { boundedObserved } from '../check/observed.ts';
import type { Cell } from './cell.ts';
import type { Columns } from './columns.ts';
import type { Change, JudgeBounds } from './judge.ts';
import type { RepairSettings } from './repair-settings.ts';
import type { SeriesChange } from './series.ts';

/** A change to one field, ready to be made or to be proposed. */
export interface Edit {
  readonly column: number;
  readonly value: Cell;
  readonly method: string;
  readonly confidence: number;
  /** Beyond the bound: it is made. */
  readonly isSure: boolean;
  /** Last part of the rule in a finding. */
  readonly rule: string;
  readonly dimension: string;
  readonly because: string;
}

export function fromCell({ column, value, method, confidence, because }: Change, isSure: boolean): Edit {
  return { column, value, method, confidence, isSure, rule: method, dimension: 'consistency', because };
}

export function fromSeries(change: SeriesChange, bound: number, columns: Columns): Edit {
  const { column, value, method, confidence, isBlind, from } = change;
  if (method === 'speed' || method === 'hampel') {
    const because = method === 'speed' ? 'no faster than the series moves' : 'near the median of its neighbors';
    return { column, value, method, confidence, isSure: !isBlind, rule: 'outlier', dimension: 'accuracy', because };
  }
  const because = from === undefined ? `a value, as ${method} gives` : `a value, as ${columns.list[from]!.name} tells`;
  const isSure = confidence >= bound;
  return { column, value, method, confidence, isSure, rule: 'missing', dimension: 'completeness', because };
}

export function fromFill(
  column: number,
  { value, confidence }: { readonly value: Cell; readonly confidence: number },
  bounds: JudgeBounds,
): Edit {
  const because = 'a value, as most records of its group have';
  const isSure = confidence > bounds.repair;
  return { column, value, method: 'mode', confidence, isSure, rule: 'missing', dimension: 'completeness', because };
}

/** Makes edits to records, or says what they would be. */
export class RepairWriter {
  private readonly settings: RepairSettings;
  private readonly columns: Columns;

  constructor(settings: RepairSettings, columns: Columns) {
    this.settings = settings;
    this.columns = columns;
  }

  /** The record itself when nothing is said of it, else a draft. */
  write(record: DataRecord, edits: readonly Edit[], out: Out): DataRecord {
    if (edits.length === 0) return record;
    const { mode } = this.settings;
    const draft = mode === 'observe' ? undefined : record.edit();
    for (const edit of edits) {
      if (mode === 'repair' && edit.isSure && draft !== undefined) this.make(draft, edit, out);
      else this.propose(draft, record, edit, out);
    }
    return draft ?? record;
  }

  private make(draft: DataRecord, { column, value, method, confidence }: Edit, out: Out): void {
    const { name, slot } = this.columns.list[column]!;
    out.evidence(draft, { field: name, old: slot.get(draft), new: value, method, confidence: rounded(confidence) });
    slot.set(draft, value);
  }

  private propose(draft: DataRecord | undefined, record: DataRecord, edit: Edit, out: Out): void {
    const { name, slot, hidden } = this.columns.list[edit.column]!;
    const observed = slot.get(record);
    const shown = {
      ...(observed === undefined ? {} : { observed: boundedObserved(observed) }),
      expected: edit.because,
      suggestion: String(boundedObserved(edit.value)),
    };
    out.finding(draft, {
      rule: `${name}.${edit.rule}`,
      severity: 'warn',
      field: name,
      ...(hidden ? {} : shown),
      dimension: edit.dimension,
    });
  }
}

export function rounded(ratio: number): number {
  return Math.round(ratio * 1e4) / 1e4;
}
