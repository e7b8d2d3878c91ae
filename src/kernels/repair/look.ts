import { mix32 } from '../../core/hash.ts';

/** Left sides the records of a concentration must spread over: one record sent five times is one error. */
const MIN_LEFT_SIDES = 3;
/** Share of the records with a value that must violate. */
const CONCENTRATED_SHARE = 0.9;

/** A record the check remembers. */
export interface Row {
  /** Hash of each cell by column, 0 for missing. */
  readonly cells: Int32Array;
  /** Hash of the left side by determinant, 0 where it does not apply. */
  readonly keys: Int32Array;
}

/** What a look at the rows says of one dependency. */
export interface DependencyHealth {
  /** Records in groups of two and more. */
  readonly judged: number;
  readonly groups: number;
  /** Share of the rows with a left side that were judged. */
  readonly coverage: number;
  /** Share of judged records that agree with their group (1 - g3). */
  readonly confidence: number;
  /** How much of what the most frequent value leaves open the left side explains; 0: knowing it tells nothing. */
  readonly lift: number;
}

export interface Look {
  readonly health: DependencyHealth;
  /** Rows of groups of two and more. */
  readonly judged: readonly number[];
  /** Those that disagree with the majority of their group. */
  readonly violating: readonly number[];
}

/** Hash of some cells together; 0 when one is missing. */
export function keyHash(columns: readonly number[], cells: Int32Array): number {
  let h = 0;
  for (const c of columns) {
    const hash = cells[c] ?? 0;
    if (hash === 0) return 0;
    h = mix32(Math.imul(h, 31) ^ hash) | 0;
  }
  return h || 1;
}

/** Numbers of the rows by left side; rows without one are left out. */
export function groupRows(rows: readonly Row[], keyOf: (row: Row) => number): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  for (let r = 0; r < rows.length; r++) {
    const key = keyOf(rows[r]!);
    if (key === 0) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [r]);
    else group.push(r);
  }
  return [...groups.values()];
}

/** How well a column follows from the groups. Ties within a group judge nobody. */
export function lookAt(rows: readonly Row[], groups: readonly (readonly number[])[], column: number): Look {
  const judged: number[] = [];
  const violating: number[] = [];
  const homes = new Set<number>();
  let judgedGroups = 0;
  let keyed = 0;
  for (const group of groups) {
    keyed += group.length;
    if (group.length < 2) continue;
    const counts = new Map<number, number>();
    let present = 0;
    for (const r of group) {
      const hash = rows[r]!.cells[column] ?? 0;
      if (hash === 0) continue;
      present++;
      counts.set(hash, (counts.get(hash) ?? 0) + 1);
    }
    if (present < 2) continue;
    judgedGroups++;
    let best = 0;
    let most = 0;
    for (const [hash, count] of counts) if (count > most) [best, most] = [hash, count];
    homes.add(best);
    for (const r of group) {
      const hash = rows[r]!.cells[column] ?? 0;
      if (hash === 0) continue;
      judged.push(r);
      if (hash !== best) violating.push(r);
    }
  }
  const confidence = judged.length === 0 ? 1 : 1 - violating.length / judged.length;
  const coverage = keyed === 0 ? 0 : judged.length / keyed;
  const lift = liftOf(rows, { judged, violating, homes }, column);
  return { health: { judged: judged.length, groups: judgedGroups, coverage, confidence, lift }, judged, violating };
}

/**
 * Over the rows whose value some group has for its own (a slip of the pen is nobody's): how much better the left side
 * tells the value than the most frequent value does. 1 when there is but one value.
 */
function liftOf(
  rows: readonly Row[],
  {
    judged,
    violating,
    homes,
  }: { readonly judged: readonly number[]; readonly violating: readonly number[]; readonly homes: ReadonlySet<number> },
  column: number,
): number {
  const counts = new Map<number, number>();
  let known = 0;
  let most = 0;
  for (const r of judged) {
    const hash = rows[r]!.cells[column]!;
    if (!homes.has(hash)) continue;
    known++;
    const count = (counts.get(hash) ?? 0) + 1;
    counts.set(hash, count);
    if (count > most) most = count;
  }
  let wrong = 0;
  for (const r of violating) if (homes.has(rows[r]!.cells[column]!)) wrong++;
  const open = known - most;
  return open === 0 ? 1 : 1 - wrong / open;
}

/** Whether (nearly) all judged rows with this value violate, over several left sides. */
export function isConcentrated(
  rows: readonly Row[],
  look: Look,
  { column, hash, determinant }: { readonly column: number; readonly hash: number; readonly determinant: number },
): boolean {
  const has = (r: number): boolean => rows[r]!.cells[column] === hash;
  const violating = look.violating.filter(has);
  if (violating.length < CONCENTRATED_SHARE * look.judged.filter(has).length) return false;
  return new Set(violating.map((r) => rows[r]!.keys[determinant])).size >= MIN_LEFT_SIDES;
}
