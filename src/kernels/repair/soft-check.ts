import { cellHash } from './cell.ts';
import type { Cells, Columns } from './columns.ts';
import { EntryStore } from './entry-store.ts';
import type { Determinant, Groups, Target, TargetStatus } from './groups.ts';
import { type DependencyHealth, groupRows, isConcentrated, keyHash, type Look, lookAt, type Row } from './look.ts';

/** Records the check looks back on. */
const WINDOW_RECORDS = 1_000;
/** Records after which it looks for the first times; then every CHECK_EVERY. */
const FIRST_CHECKS: ReadonlySet<number> = new Set([32, 64, 128, 256]);
const CHECK_EVERY = 500;
/** A value all of whose records violate: at this many it is no chance (.03 ^ 5 in thousands of values). */
const MIN_CONCENTRATED = 5;
/** Below this share of records that agree, what is called a dependency is none. */
const MIN_CONFIDENCE = 0.8;
/** Below this it must at least tell more than the most frequent value does. */
const MIN_VACUOUS_CONFIDENCE = 0.95;
const MIN_LIFT = 0.2;
const MIN_JUDGED = 30;
/** What nobody declared must hold better, on more, before it is used. */
const INFERRED = { judged: 60, groups: 3, coverage: 0.5, confidence: 0.9, keep: 0.85, hopeless: 0.5 } as const;
const RESTING: ReadonlySet<TargetStatus> = new Set(['off', 'suspended', 'fill']);
/** Determinants found by the check itself. */
const MAX_DETERMINANTS = 64;

export interface Suspicion {
  readonly determinant: Determinant;
  readonly target: Target;
  readonly health: DependencyHealth;
  /** The value whose records all violate; undefined: the confidence is too low. */
  readonly concentration?: { readonly column: number; readonly hash: number; readonly rows: number };
  /** The column that, added to the left side, makes it hold. */
  readonly proposal?: number;
}

/**
 * Looks again at what is taken for a dependency.
 *
 * Idea: errors are spread, exceptions are not. When (nearly) all records with some value in another column violate, over
 * several left sides, the dependency is false and the data are right: it is suspended and X + that column proposed.
 * The same look finds what else follows from a declared left side.
 * Cost: a few ms every 500 records; 1,000 rows of 4 bytes a column.
 * Source: Kivinen & Mannila 1995 (g3); METHODS 7.3 (concentration).
 */
export class SoftCheck {
  readonly rows = new EntryStore<Row>('rows', {
    save: ({ cells, keys }: Row) => [cells, keys],
    load: ([cells, keys]: readonly [Int32Array, Int32Array]) => ({ cells, keys }),
    size: ({ cells, keys }: Row) => 100 + 4 * (cells.length + keys.length),
  });
  learned = 0;
  checkedAt = 0;
  /** How many determinants are the user's; those after them were proposed here. */
  declared = 0;
  private readonly groups: Groups;
  private readonly columns: Columns;
  /** Use what is found; else it is told alone. */
  private readonly infer: boolean;

  constructor(groups: Groups, columns: Columns, infer: boolean) {
    this.groups = groups;
    this.columns = columns;
    this.infer = infer;
  }

  /** True when it is time to check. */
  add(cells: Cells, data: unknown): boolean {
    const hashes = Int32Array.from(cells, cellHash);
    const { determinants } = this.groups;
    const keys = new Int32Array(determinants.length);
    for (const determinant of determinants) {
      if (determinant.applies !== undefined && !determinant.applies(data)) continue;
      keys[determinant.index] = keyHash(determinant.columns, hashes);
    }
    this.rows.put(String(this.learned++), { cells: hashes, keys });
    if (this.rows.size > WINDOW_RECORDS) this.rows.shift();
    return FIRST_CHECKS.has(this.learned) || this.learned % CHECK_EVERY === 0;
  }

  /** Changes what is used, and gives what was suspended. */
  check(): Suspicion[] {
    this.checkedAt = this.learned;
    const rows = this.rows.values();
    const found: Suspicion[] = [];
    for (const determinant of [...this.groups.determinants]) {
      const groups = groupRows(rows, (row) => row.keys[determinant.index] ?? 0);
      for (const target of determinant.targets) {
        if (target === undefined || RESTING.has(target.status)) continue;
        const look = lookAt(rows, groups, target.column);
        if (!target.declared) this.reviewInferred(determinant, target, { look, rows });
        else if (!target.sure) {
          target.violations = 0;
          const suspicion = this.suspect(determinant, target, { look, rows });
          if (suspicion !== undefined) found.push(suspicion);
        }
      }
    }
    return found;
  }

  /** One dependency, when it changes many cells: gives why it is suspended, if it is. */
  review(determinant: Determinant, target: Target): Suspicion | undefined {
    if (target.sure || target.status !== 'on') return undefined;
    const rows = this.rows.values();
    const look = lookAt(
      rows,
      groupRows(rows, (row) => row.keys[determinant.index] ?? 0),
      target.column,
    );
    if (target.declared) return this.suspect(determinant, target, { look, rows });
    this.reviewInferred(determinant, target, { look, rows });
    return undefined;
  }

  /** Makes undeclared right sides of the columns met since. */
  watch(): void {
    if (!this.infer) return;
    const { list } = this.columns;
    const { determinants } = this.groups;
    for (let d = 0; d < this.declared; d++) {
      const determinant = determinants[d]!;
      if (determinant.applies !== undefined) continue;
      for (let c = determinant.targets.length; c < list.length; c++) determinant.targets[c] = undefined;
      for (; determinant.watched < list.length; determinant.watched++) {
        const column = list[determinant.watched]!;
        const c = column.index;
        if (determinant.targets[c] !== undefined || column.kept || column.hidden || this.isToldApart(determinant, c))
          continue;
        determinant.targets[c] = undeclared(c, 'candidate');
      }
    }
  }

  /** The user says that more than this left side is needed for the column, or it is part of it. */
  private isToldApart(determinant: Determinant, column: number): boolean {
    if (determinant.columns.includes(column)) return true;
    return this.groups.determinants.some(
      (other) =>
        other.targets[column]?.declared === true && determinant.columns.every((c) => other.columns.includes(c)),
    );
  }

  private suspect(
    determinant: Determinant,
    target: Target,
    { look, rows }: { readonly look: Look; readonly rows: readonly Row[] },
  ): Suspicion | undefined {
    const concentrations = this.concentrations(determinant, target, look, rows);
    const low = look.health.judged >= MIN_JUDGED && isNone(look.health);
    if (concentrations.length === 0 && !low) return undefined;
    this.groups.setStatus(target, 'suspended');
    const concentration = concentrations[0];
    const base = { determinant, target, health: look.health };
    if (concentration === undefined) return base;
    const proposal = this.proposal(determinant, target, { columns: concentrations.map(({ column }) => column), rows });
    return { ...base, concentration, ...(proposal === undefined ? {} : { proposal }) };
  }

  private reviewInferred(
    determinant: Determinant,
    target: Target,
    { look, rows }: { readonly look: Look; readonly rows: readonly Row[] },
  ): void {
    const { judged, groups, coverage, confidence } = look.health;
    if (judged < INFERRED.judged) return;
    if (confidence < INFERRED.hopeless && rows.length >= CHECK_EVERY) {
      this.groups.setStatus(target, 'off');
      return;
    }
    const enough = groups >= INFERRED.groups && coverage >= INFERRED.coverage;
    const holds = enough && confidence >= (target.status === 'on' ? INFERRED.keep : INFERRED.confidence);
    const sound = holds && this.concentrations(determinant, target, look, rows).length === 0;
    this.groups.setStatus(target, sound ? 'on' : 'candidate');
  }

  /** Columns with a value nearly all records of which violate, over several left sides; the one with most first. */
  private concentrations(
    determinant: Determinant,
    target: Target,
    look: Look,
    rows: readonly Row[],
  ): { column: number; hash: number; rows: number }[] {
    const found: { column: number; hash: number; rows: number }[] = [];
    if (look.violating.length < MIN_CONCENTRATED) return found;
    for (let column = 0; column < this.columns.list.length; column++) {
      if (column === target.column || determinant.columns.includes(column)) continue;
      const counts = new Map<number, number>();
      for (const r of look.violating) {
        const hash = rows[r]!.cells[column] ?? 0;
        if (hash !== 0) counts.set(hash, (counts.get(hash) ?? 0) + 1);
      }
      let best: { column: number; hash: number; rows: number } | undefined;
      for (const [hash, violating] of counts) {
        if (violating < MIN_CONCENTRATED || violating <= (best?.rows ?? 0)) continue;
        if (isConcentrated(rows, look, { column, hash, determinant: determinant.index }))
          best = { column, hash, rows: violating };
      }
      if (best !== undefined) found.push(best);
    }
    return found.sort((a, b) => b.rows - a.rows || a.column - b.column);
  }

  /** The column with the fewest values that makes the dependency hold; with `infer` it is used from here on. */
  private proposal(
    determinant: Determinant,
    target: Target,
    { columns, rows }: { readonly columns: readonly number[]; readonly rows: readonly Row[] },
  ): number | undefined {
    let best: { column: number; distinct: number } | undefined;
    for (const column of columns) {
      const joined = [...determinant.columns, column];
      const groups = groupRows(rows, (row) => keyHash(joined, row.cells));
      const { health } = lookAt(rows, groups, target.column);
      if (health.confidence < INFERRED.confidence) continue;
      const distinct = new Set(rows.map((row) => row.cells[column])).size;
      if (best === undefined || distinct < best.distinct) best = { column, distinct };
    }
    if (best === undefined) return undefined;
    if (this.infer) this.adopt([...determinant.columns, best.column], determinant, target.column);
    return best.column;
  }

  private adopt(columns: readonly number[], like: Determinant, target: number): void {
    const { determinants } = this.groups;
    if (determinants.length >= MAX_DETERMINANTS) return;
    const known = determinants.find(
      (d) =>
        d.applies === like.applies &&
        d.columns.length === columns.length &&
        columns.every((c) => d.columns.includes(c)),
    );
    if (known?.targets[target] !== undefined) return;
    const determinant = known ?? this.groups.determinant(columns, like.applies);
    determinant.targets[target] = undeclared(target, 'on');
    this.adopted.push(determinant);
  }

  /** Determinants made by the last check: whoever holds records lets them be learned. */
  adopted: Determinant[] = [];

  takeAdopted(): readonly Determinant[] {
    const { adopted } = this;
    this.adopted = [];
    return adopted;
  }
}

function isNone({ confidence, lift }: DependencyHealth): boolean {
  return confidence < MIN_CONFIDENCE || (confidence < MIN_VACUOUS_CONFIDENCE && lift < MIN_LIFT);
}

/** A right side nobody declared. */
export function undeclared(column: number, status: TargetStatus): Target {
  return { column, declared: false, sure: false, status, violations: 0, homes: new Map(), homed: 0 };
}
