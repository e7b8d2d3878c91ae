import { BUCKET_RECORDS, type Entry, type SavedTable, SliceTable } from './slice-table.ts';
import { fisherTail, normalQuantile } from './tails.ts';

const FIRST_LOOK = 1000;
/** From here on a look every so many records, and what lies this far back counts half. */
const STEADY_LOOK = 100_000;
/** Chance that anything is named on a stream whose failures do not depend on the fields. */
const FALSE_NAME_RATE = 0.01;
/** A slice is named when it surely fails this many times as often as the rest, and holds this many records. */
const MIN_RATIO = 1.25;
const MIN_RECORDS = 20;
const MIN_SUPPORT = 1 / BUCKET_RECORDS;
const MAX_NAMED = 20;
const MAX_TEXT = 128;

export interface Slice {
  /** Field and value of each condition, in order. */
  readonly where: readonly (readonly [field: string, value: string | null])[];
  readonly records: number;
  readonly failures: number;
  /** Share of all records, 0 to 1. */
  readonly support: number;
  readonly rate: number;
  /** Rate of failures outside of the slice. */
  readonly restRate: number;
  /** Lower confidence bound of rate / restRate, at a level that holds for all slices and looks together. */
  readonly ratioAtLeast: number;
}

export interface SlicesOptions {
  readonly fields: readonly string[];
  readonly conditions: 1 | 2;
}

export interface SavedSlices {
  readonly total: number;
  readonly records: number;
  readonly failures: number;
  readonly looks: number;
  readonly nextLook: number;
  readonly named: string;
  readonly tables: readonly SavedTable[];
}

/** A value as the key of a table; null and missing are one, lists and objects have no slice. */
export function sliceText(value: unknown): string | null | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT)}…`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/**
 * Streaming slice finder: sub-populations, named by one condition `field = value` or by two, that fail more often than
 * the rest of the stream.
 *
 * Idea: lossy counting keeps, field by field, the values that hold at least a thousandth of the records, with their
 * failures. At 1,000, 2,000, 4,000, … records and then every 100,000 it looks: a slice is named when chance alone gives
 * so many failures with a probability (hypergeometric tail) below its part of 1 %, shared out over all slices and all
 * looks (6/π²k² at look k), and when the lower confidence bound of its rate over that of the rest exceeds 1.25. Ranked by
 * that bound. A pair must beat the rest of each of its two conditions in the same way. Older records fade: what was
 * counted is halved at every steady look. A function of the sequence of calls.
 * Cost: one map update a field and record (pairs: one a pair of fields); memory at most 8,000 entries each.
 *
 * Source: Chung et al., "Slice Finder" 2019 (task, effect and significance); Manku & Motwani 2002 (lossy counting);
 * Katz et al. 1978 (interval of a ratio of rates).
 */
export class SliceFinder {
  private readonly options: SlicesOptions;
  private readonly pairs: readonly (readonly [number, number])[];
  private readonly tables: readonly SliceTable[];
  private total = 0;
  private records = 0;
  private failures = 0;
  private looks = 0;
  private nextLook = FIRST_LOOK;
  private named = '';

  constructor(options: SlicesOptions) {
    this.options = options;
    const { fields, conditions } = options;
    this.pairs =
      conditions === 1
        ? []
        : fields.flatMap((_, a) => fields.slice(a + 1).map((_, b): [number, number] => [a, a + 1 + b]));
    this.tables = Array.from({ length: fields.length + this.pairs.length }, () => new SliceTable());
  }

  /** Records whose value was not counted because a table was full. */
  get refused(): number {
    return this.tables.reduce((sum, table) => sum + table.refused, 0);
  }

  get entries(): number {
    return this.tables.reduce((sum, table) => sum + table.size, 0);
  }

  /** Values in the order of the fields. True when it is time to look. */
  observe(values: readonly (string | null | undefined)[], failed: boolean): boolean {
    this.total++;
    this.records++;
    if (failed) this.failures++;
    const { length } = this.options.fields;
    for (let f = 0; f < length; f++) this.count(f, keyOf(values[f]), failed);
    for (let p = 0; p < this.pairs.length; p++) this.count(length + p, this.pairKey(p, values), failed);
    if (this.records % BUCKET_RECORDS === 0) for (const table of this.tables) table.prune(this.records);
    return this.total >= this.nextLook;
  }

  /** A record counted before turned out to fail: it was held inside a step until now. */
  failLate(values: readonly (string | null | undefined)[]): void {
    this.failures++;
    const fail = (table: number, key: string | undefined): void => {
      if (key !== undefined) this.tables[table]!.failLate(key);
    };
    const { length } = this.options.fields;
    for (let f = 0; f < length; f++) fail(f, keyOf(values[f]));
    for (let p = 0; p < this.pairs.length; p++) fail(length + p, this.pairKey(p, values));
  }

  /** The slices that fail more often, worst first; undefined when they are the ones named before. */
  look(): readonly Slice[] | undefined {
    this.looks++;
    const slices = this.rank();
    this.nextLook = this.total >= STEADY_LOOK / 2 ? this.total + STEADY_LOOK : Math.max(2 * this.nextLook, this.total);
    if (this.records >= STEADY_LOOK) this.fade();
    const named = slices
      .map(({ where }) => JSON.stringify(where))
      .sort()
      .join();
    if (named === this.named) return undefined;
    this.named = named;
    return slices;
  }

  save(): SavedSlices {
    const { total, records, failures, looks, nextLook, named } = this;
    return { total, records, failures, looks, nextLook, named, tables: this.tables.map((table) => table.save()) };
  }

  restore(saved: SavedSlices): void {
    this.total = saved.total;
    this.records = saved.records;
    this.failures = saved.failures;
    this.looks = saved.looks;
    this.nextLook = saved.nextLook;
    this.named = saved.named;
    for (const [i, rows] of saved.tables.entries()) this.tables[i]?.load(rows);
  }

  private count(at: number, key: string | undefined, failed: boolean): void {
    if (key !== undefined) this.tables[at]!.count(key, failed, this.records);
  }

  private fade(): void {
    this.records = Math.floor(this.records / 2);
    this.failures = Math.floor(this.failures / 2);
    for (const table of this.tables) table.fade();
  }

  private rank(): readonly Slice[] {
    const least = Math.max(MIN_RECORDS, MIN_SUPPORT * this.records);
    const candidates = this.tables.flatMap((table, at) =>
      table
        .all()
        .filter(([, entry]) => entry.records >= least)
        .map(([key, entry]) => ({ at, key, entry })),
    );
    const level = (FALSE_NAME_RATE * 6) / (Math.PI * this.looks) ** 2 / Math.max(1, candidates.length);
    const z = normalQuantile(1 - level);
    const all = { records: this.records, failures: this.failures };
    const found: Slice[] = [];
    for (const { at, key, entry } of candidates) {
      const bound = excess(entry, all, { level, z });
      if (bound < MIN_RATIO || !this.beatsItsParts(at, key, entry, { level, z })) continue;
      found.push(this.describe(at, key, { entry, bound }));
    }
    return found.sort((a, b) => b.ratioAtLeast - a.ratioAtLeast || b.records - a.records).slice(0, MAX_NAMED);
  }

  /** A pair that fails only as often as one of its conditions alone says nothing new. */
  private beatsItsParts(
    at: number,
    key: string,
    entry: Entry,
    test: { readonly level: number; readonly z: number },
  ): boolean {
    const pair = this.pairs[at - this.options.fields.length];
    if (pair === undefined) return true;
    const parts = JSON.parse(key) as readonly [string, string]; // as pairKey wrote it
    return parts.every((part, i) => {
      const whole = this.tables[pair[i as 0 | 1]]!.get(part);
      if (whole === undefined) return true;
      if (whole.records - entry.records < MIN_RECORDS) return false; // the condition alone says as much
      return excess(entry, whole, test) >= MIN_RATIO;
    });
  }

  private describe(at: number, key: string, found: { readonly entry: Entry; readonly bound: number }): Slice {
    const { fields } = this.options;
    const { records, failures } = found.entry;
    const pair = this.pairs[at - fields.length];
    const keys = pair === undefined ? [key] : (JSON.parse(key) as string[]); // as pairKey wrote it
    const indexes = pair ?? [at];
    return {
      where: keys.map((part, i) => [fields[indexes[i]!]!, JSON.parse(part) as string | null]), // as keyOf wrote it
      records,
      failures,
      support: records / this.records,
      rate: failures / records,
      restRate: (this.failures - failures) / Math.max(1, this.records - records),
      ratioAtLeast: found.bound,
    };
  }

  private pairKey(pair: number, values: readonly (string | null | undefined)[]): string | undefined {
    const [a, b] = this.pairs[pair]!;
    const first = keyOf(values[a]);
    const second = keyOf(values[b]);
    return first === undefined || second === undefined ? undefined : JSON.stringify([first, second]);
  }
}

function keyOf(value: string | null | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

interface Counts {
  readonly records: number;
  readonly failures: number;
}

/** Lower bound of (rate in the part) / (rate in the rest of the whole); 0 when chance explains it. */
function excess(part: Counts, whole: Counts, test: { readonly level: number; readonly z: number }): number {
  const rest = { records: whole.records - part.records, failures: whole.failures - part.failures };
  if (rest.records <= 0 || part.failures * rest.records <= MIN_RATIO * rest.failures * part.records) return 0;
  if (fisherTail(part, whole) > test.level) return 0;
  const inside = (part.failures + 0.5) / (part.records + 0.5);
  const outside = (Math.max(0, rest.failures) + 0.5) / (rest.records + 0.5);
  const spread = Math.sqrt(
    Math.max(0, 1 / (part.failures + 0.5) - 1 / (part.records + 0.5)) +
      Math.max(0, 1 / (Math.max(0, rest.failures) + 0.5) - 1 / (rest.records + 0.5)),
  );
  return (inside / outside) * Math.exp(-test.z * spread);
}
