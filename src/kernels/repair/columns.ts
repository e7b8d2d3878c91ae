import type { FieldSlot } from '../../core/field.ts';
import type { DataRecord } from '../../core/record.ts';
import { type Cell, cellOf } from './cell.ts';

/** Columns a step looks at; of wider records the rest is left alone. */
export const MAX_COLUMNS = 64;

export interface Column {
  readonly index: number;
  readonly name: string;
  readonly slot: FieldSlot;
  /** Redacted: its values show in no finding or event. */
  readonly hidden: boolean;
  /** `keep:`: read, never changed. */
  readonly kept: boolean;
}

/** The cells of a record by column, as far as they can be compared. */
export type Cells = (Cell | undefined)[];

export interface ColumnContext {
  readonly field: (name: string) => FieldSlot;
  readonly redacted: (name: string) => boolean;
  readonly keep: ReadonlySet<string>;
  /** Take the other fields of records as columns too. */
  readonly discover: boolean;
}

/** The fields a step knows by number: the configured ones first, then those it meets in records. */
export class Columns {
  readonly list: Column[] = [];
  /** Fields met that were one too many. */
  left = 0;
  private readonly byName = new Map<string, Column>();
  private readonly context: ColumnContext;
  private lastShape = '';

  constructor(context: ColumnContext) {
    this.context = context;
  }

  /** The column of a field; made when it is new. */
  of(name: string): Column {
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    const { field, redacted, keep } = this.context;
    const column: Column = {
      index: this.list.length,
      name,
      slot: field(name),
      hidden: redacted(name),
      kept: keep.has(name),
    };
    this.list.push(column);
    this.byName.set(name, column);
    return column;
  }

  /** Takes in the own keys of a record whose shape is new. */
  discover(record: DataRecord): void {
    const { data } = record;
    if (!this.context.discover || data === null || typeof data !== 'object' || Array.isArray(data)) return;
    const names = Object.keys(data);
    const shape = names.length > 4 * MAX_COLUMNS ? String(names.length) : names.join('\u001f');
    if (shape === this.lastShape) return;
    this.lastShape = shape;
    for (const name of names) {
      if (this.byName.has(name)) continue;
      if (this.list.length >= MAX_COLUMNS) this.left++;
      else if (isPlainName(name) && !this.context.redacted(name)) this.of(name);
    }
  }

  read(record: DataRecord): Cells {
    const cells: Cells = new Array(this.list.length);
    for (let i = 0; i < cells.length; i++) cells[i] = cellOf(this.list[i]!.slot.get(record));
    return cells;
  }

  /** Names in order: columns are numbers in the state. */
  save(): { readonly names: readonly string[]; readonly left: number } {
    return { names: this.list.map(({ name }) => name), left: this.left };
  }

  restore(saved: { readonly names: readonly string[]; readonly left: number }): void {
    for (const name of saved.names) this.of(name);
    this.left = saved.left;
  }
}

/** What a field reference takes as one name of a property. */
function isPlainName(name: string): boolean {
  return name !== '' && !name.startsWith('/') && !/[[\]]/.test(name) && !name.split('.').includes('');
}
