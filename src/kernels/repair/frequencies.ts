import { mix32 } from '../../core/hash.ts';
import { type Cell, ownCell } from './cell.ts';
import { EntryStore } from './entry-store.ts';
import { isMisspelling, MIN_SPELLED_CHARS } from './spelling.ts';

/** A value seen so often is one others may be misspellings of. */
const MIN_FREQUENT = 3;
/** What is corrected is rarer than what it is corrected to by this factor. */
export const MIN_RARITY = 5;
/** Values kept a field. */
const MAX_VALUES = 10_000;
/** Of the values that share a band, so many of the most frequent are compared. */
const MAX_COMPARED = 16;
/** Bands of one hash: texts that share four of ten pairs of letters meet in 99.8 % of cases. */
const BANDS = 12;
/** What a frequent value takes in the index, a band. */
const BAND_BYTES = 100;
const SEEDS = Int32Array.from({ length: BANDS }, (_, k) => mix32(0x9e3779b9 * (k + 1)) | 0);

interface Frequency {
  readonly column: number;
  readonly value: string;
  count: number;
}

export interface Correction {
  readonly value: string;
  readonly count: number;
  /** How often the misspelt value was seen. */
  readonly own: number;
}

/**
 * How often each value of a field occurs, and which frequent value a rare one is a misspelling of.
 *
 * Idea: frequent values are indexed by min-hashes of their pairs of letters; only rare values look in.
 * Bound: 10,000 values a field, the one met longest ago is forgotten. Cost: a Map update a value; 2 to 10 µs a rare one.
 */
export class Frequencies {
  readonly store = new EntryStore<Frequency>('values', {
    save: ({ column, value, count }: Frequency) => [column, value, count],
    load: ([column, value, count]: readonly [number, string, number]) => ({ column, value, count }),
    size: ({ value, count }: Frequency) => 160 + 2 * value.length + (count < MIN_FREQUENT ? 0 : BANDS * BAND_BYTES),
  });
  private readonly columns: ReadonlySet<number>;
  private readonly maxBytes: number;
  private readonly bands = new Map<number, Set<Frequency>>();
  /** The largest count a column ever had: a value less than five times as rare need not be looked at. */
  private readonly most = new Map<number, number>();

  constructor(columns: readonly number[], maxBytes: number) {
    this.columns = new Set(columns);
    this.maxBytes = maxBytes;
  }

  /** Gives the number of values forgotten for it. */
  learn(cells: readonly (Cell | undefined)[], skip: ReadonlySet<number>): number {
    for (const column of this.columns) {
      const cell = cells[column];
      if (typeof cell === 'string' && !skip.has(column)) this.count(column, cell);
    }
    let evicted = 0;
    while (this.store.size > MAX_VALUES * this.columns.size || this.store.bytes > this.maxBytes) {
      const [, frequency] = this.store.shift() ?? [];
      if (frequency === undefined) break;
      if (frequency.count >= MIN_FREQUENT) this.unindex(frequency);
      evicted++;
    }
    return evicted;
  }

  /** The frequent value that a rare one is a misspelling of; undefined when there is none, or more than one. */
  correct(column: number, cell: Cell): Correction | undefined {
    if (!this.columns.has(column) || typeof cell !== 'string' || cell.length < MIN_SPELLED_CHARS) return undefined;
    const own = this.store.get(keyOf(column, cell))?.count ?? 0;
    const least = MIN_RARITY * Math.max(1, own);
    if ((this.most.get(column) ?? 0) < least) return undefined;
    let found: Frequency | undefined;
    for (const candidate of this.near(column, cell, least)) {
      if (!isMisspelling(cell, candidate.value)) continue;
      if (found !== undefined) return undefined;
      found = candidate;
    }
    return found === undefined ? undefined : { value: found.value, count: found.count, own };
  }

  save(): readonly (readonly [column: number, most: number])[] {
    return [...this.most];
  }

  /** The values have been restored: the index is read off them. */
  restore(most: ReturnType<Frequencies['save']>): void {
    for (const [column, count] of most) this.most.set(column, count);
    for (const frequency of this.store.values()) if (frequency.count >= MIN_FREQUENT) this.index(frequency);
  }

  private count(column: number, value: string): void {
    const key = keyOf(column, value);
    const frequency = this.store.get(key) ?? { column, value: String(ownCell(value)), count: 0 };
    frequency.count++;
    this.store.put(key, frequency);
    if (frequency.count > (this.most.get(column) ?? 0)) this.most.set(column, frequency.count);
    if (frequency.count === MIN_FREQUENT) this.index(frequency);
  }

  /** Values at least `least` times seen that may be near in spelling. */
  private near(column: number, value: string, least: number): readonly Frequency[] {
    const found = new Set<Frequency>();
    for (const band of bandsOf(column, value))
      for (const frequency of this.bands.get(band) ?? [])
        if (frequency.count >= least && frequency.column === column) found.add(frequency);
    if (found.size <= MAX_COMPARED) return [...found];
    return [...found].sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)).slice(0, MAX_COMPARED);
  }

  private index(frequency: Frequency): void {
    for (const band of bandsOf(frequency.column, frequency.value)) {
      const list = this.bands.get(band);
      if (list === undefined) this.bands.set(band, new Set([frequency]));
      else list.add(frequency);
    }
  }

  private unindex(frequency: Frequency): void {
    for (const band of bandsOf(frequency.column, frequency.value)) {
      const list = this.bands.get(band);
      list?.delete(frequency);
      if (list?.size === 0) this.bands.delete(band);
    }
  }
}

function keyOf(column: number, value: string): string {
  return `${column}\u001e${value}`;
}

/** One min-hash of the pairs of letters a band. */
function bandsOf(column: number, value: string): Int32Array {
  const bands = new Int32Array(BANDS).fill(0x7fffffff);
  const text = value.toLowerCase();
  for (let i = -1; i < text.length; i++) {
    const pair = mix32((i < 0 ? 0 : text.charCodeAt(i)) * 65_599 + (i + 1 < text.length ? text.charCodeAt(i + 1) : 0));
    for (let k = 0; k < BANDS; k++) {
      const h = mix32(pair ^ SEEDS[k]!) | 0;
      if (h < bands[k]!) bands[k] = h;
    }
  }
  for (let k = 0; k < BANDS; k++) bands[k] = mix32(bands[k]! ^ Math.imul(k * 64 + column + 1, 0x01000193)) | 0;
  return bands;
}
