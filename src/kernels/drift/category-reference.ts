import { ByteReader, ByteWriter, type Layout } from '../sketch/bytes.ts';
import { type RateReference, rateReference } from './rate-chart.ts';

const LAYOUT: Layout = { kind: 'DRFC', version: 1 };
/** Categories with a cell of their own. */
const TOP = 100;
/** Records a window holds; eight of them make the long one. */
export const WINDOW = 200;
export const LONG = 8;
/** Cells with a smaller expectation in a window go to "other": χ² needs it. */
const MIN_EXPECTED = 5;
/** Different categories told apart in a reference; beyond, what is new is not known. */
export const MAX_CATEGORIES = 2000;
export const CODE = { null: 65_535, overflow: 65_534 } as const;

/** What a categorical field was like: shares of its frequent categories and "other", and how often a new one came. */
export interface CategoryReference {
  readonly n: number;
  /** Name to cell; categories known but rare have the last cell, which is "other". */
  readonly cells: ReadonlyMap<string, number>;
  /** A name a cell, without "other". */
  readonly names: readonly string[];
  /** Counts a cell; the last one is "other". */
  readonly counts: Float64Array;
  /** How much more windows of the reference scattered than independent records would, 1 or more. */
  readonly dispersion: number;
  readonly nulls: RateReference;
  /** Categories that occurred once, as hits: the chance of a new one (Good & Turing); undefined when there were too many. */
  readonly fresh: RateReference | undefined;
}

/** From codes into `names` in the order they came; CODE.null and CODE.overflow are no names. */
export function categoryReference(codes: Uint16Array, names: readonly string[]): CategoryReference {
  const nulls = rateReference(Uint8Array.from(codes, (code) => (code === CODE.null ? 1 : 0)));
  const present = codes.filter((code) => code !== CODE.null);
  const totals = new Float64Array(names.length);
  let overflow = 0;
  for (const code of present) {
    if (code === CODE.overflow) overflow++;
    else totals[code]!++;
  }
  const n = present.length;
  const byCount = names.map((_, code) => code).sort((a, b) => totals[b]! - totals[a]! || a - b);
  const kept = byCount.slice(0, TOP).filter((code) => (totals[code]! * WINDOW) / Math.max(1, n) >= MIN_EXPECTED);
  const cells = new Map<string, number>();
  for (const code of byCount) cells.set(names[code]!, kept.length);
  for (const [cell, code] of kept.entries()) cells.set(names[code]!, cell);
  const counts = new Float64Array(kept.length + 1);
  for (const code of byCount) counts[cells.get(names[code]!)!]! += totals[code]!;
  counts[kept.length]! += overflow;
  const singles = totals.reduce((sum, count) => sum + (count === 1 ? 1 : 0), 0);
  const cellOf = Uint16Array.from(present, (code) => (code === CODE.overflow ? kept.length : cells.get(names[code]!)!));
  return {
    n,
    cells,
    names: kept.map((code) => names[code]!),
    counts,
    dispersion: dispersionOf(cellOf, counts),
    nulls,
    fresh: overflow > 0 ? undefined : { n, hits: singles, dependence: 1 },
  };
}

/** Mean of X² / df over the reference's own windows: 1 for independent records, more when equal ones come in runs. */
function dispersionOf(cellOf: Uint16Array, counts: Float64Array): number {
  const windows = Math.floor(cellOf.length / WINDOW);
  const used = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  if (windows < 2 || used < 2) return 1;
  let sum = 0;
  const seen = new Float64Array(counts.length);
  for (let w = 0; w < windows; w++) {
    seen.fill(0);
    for (let i = w * WINDOW; i < (w + 1) * WINDOW; i++) seen[cellOf[i]!]!++;
    for (let c = 0; c < counts.length; c++) {
      const expected = (counts[c]! / cellOf.length) * WINDOW;
      if (expected > 0) sum += (seen[c]! - expected) ** 2 / expected;
    }
  }
  const ratio = sum / ((windows - 1) * (used - 1));
  const chance = Math.sqrt(2 / ((windows - 1) * (used - 1)));
  return ratio > 1 + 2 * chance ? ratio : 1;
}

export function saveCategories(reference: CategoryReference): Uint8Array {
  const to = new ByteWriter(LAYOUT);
  const { n, cells, names, counts, dispersion, nulls, fresh } = reference;
  to.f64s([n, dispersion, nulls.n, nulls.hits, nulls.dependence]);
  to.f64s(fresh === undefined ? [] : [fresh.n, fresh.hits, fresh.dependence]);
  to.f64s(counts);
  to.u32(names.length);
  to.u32(cells.size);
  for (const [name, cell] of cells) {
    to.u16(cell);
    to.text(name);
  }
  return to.finish();
}

export function loadCategories(bytes: Uint8Array): CategoryReference {
  const from = new ByteReader(bytes, LAYOUT);
  const [n, dispersion, nullN, nullHits, nullDependence] = from.f64s();
  const fresh = from.f64s();
  const counts = from.f64s();
  const names: string[] = new Array(from.u32()).fill('');
  const cells = new Map<string, number>();
  for (let left = from.u32(); left > 0; left--) {
    const cell = from.u16();
    const name = from.text();
    cells.set(name, cell);
    if (cell < names.length) names[cell] = name;
  }
  return {
    n: n!,
    dispersion: dispersion!,
    nulls: { n: nullN!, hits: nullHits!, dependence: nullDependence! },
    fresh: fresh.length === 0 ? undefined : { n: fresh[0]!, hits: fresh[1]!, dependence: fresh[2]! },
    counts,
    names,
    cells,
  };
}
