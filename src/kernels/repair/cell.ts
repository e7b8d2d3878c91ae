import { hash32 } from '../../core/hash.ts';

/** A value dependencies and frequencies can speak of. */
export type Cell = string | number | boolean;

/** Texts longer than this are never learned from, compared or changed: a page of text is no category. */
export const MAX_CELL_CHARS = 4096;

/** What stands for missing (null, absent, blank text, NaN), or is no single bounded value, is undefined. */
export function cellOf(value: unknown): Cell | undefined {
  switch (typeof value) {
    case 'string':
      return value.length <= MAX_CELL_CHARS && value.trim() !== '' ? value : undefined;
    case 'number':
      return Number.isFinite(value) ? value : undefined;
    case 'boolean':
      return value;
    default:
      return undefined;
  }
}

/** Null, absent, blank, or no number: what may be filled. */
export function isMissing(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'string' ? value.trim() === '' : Number.isNaN(value);
}

/** Text of a cell that keeps 1, "1" and true apart. */
export function cellText(cell: Cell): string {
  return typeof cell === 'string' ? cell : `\0${String(cell)}`;
}

/** A left side: texts in one case and without blanks around, joined; undefined when one of them is missing. */
export function leftSideKey(cells: readonly (Cell | undefined)[]): string | undefined {
  let key = '';
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i];
    if (cell === undefined) return undefined;
    const text = typeof cell === 'string' ? cell.trim().toLowerCase() : cellText(cell);
    key = i === 0 ? text : `${key}\u001f${text}`;
  }
  return key;
}

/** V8 cuts longer pieces out of a text as slices that keep all of it alive. */
const MAX_COPIED_CHARS = 12;

/** A text that may be kept: it pins no chunk of the input. */
export function ownText(text: string): string {
  return text.length > MAX_COPIED_CHARS ? Buffer.from(text, 'utf16le').toString('utf16le') : text;
}

/** The same of a cell. */
export function ownCell(cell: Cell): Cell {
  return typeof cell === 'string' ? ownText(cell) : cell;
}

/** 32-bit hash of a cell; 0 stands for missing. */
export function cellHash(cell: Cell | undefined): number {
  return cell === undefined ? 0 : hash32(cellText(cell)) | 0 || 1;
}
