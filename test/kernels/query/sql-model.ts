/** A small model of queries: what they mean, apart from how they are written (see sql-writer.ts). */

/** A literal with its type: `1`, `'1'` and `1.0` are three. */
export interface Literal {
  readonly kind: 'int' | 'text' | 'decimal';
  readonly value: number;
}

export interface Column {
  /** Index into the FROM list. */
  readonly source: number;
  readonly name: string;
  readonly quoted?: boolean;
}

export type Operator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type Condition =
  | { readonly kind: 'compare'; readonly operator: Operator; readonly left: Column; readonly right: Literal | Column }
  | { readonly kind: 'in'; readonly not: boolean; readonly left: Column; readonly items: readonly Literal[] }
  | { readonly kind: 'between'; readonly left: Column; readonly low: Literal; readonly high: Literal }
  | { readonly kind: 'null'; readonly left: Column; readonly not: boolean }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | {
      readonly kind: 'exists';
      readonly table: string;
      readonly inner: string;
      readonly outer: Column;
      readonly value: Literal;
    };

export interface Target {
  readonly column: Column;
  readonly cast?: 'int4' | 'text' | 'float8';
  readonly alias?: string;
}

export interface Source {
  readonly table: string;
  readonly schema?: string;
}

export interface Query {
  readonly distinct: boolean;
  readonly targets: readonly Target[];
  readonly sources: readonly Source[];
  /** One condition for each source after the first. */
  readonly joins: readonly { readonly left: boolean; readonly on: Condition }[];
  readonly where?: Condition;
  readonly order: readonly { readonly column: Column; readonly descending: boolean }[];
  readonly limit?: number;
}

/** No column stands in two tables, so that the catalog leaves no doubt. */
export const TABLES: Readonly<Record<string, readonly string[]>> = {
  film: ['film_id', 'title', 'length', 'rating'],
  actor: ['actor_id', 'first_name', 'born'],
  cast_list: ['film_ref', 'actor_ref', 'part'],
  sale: ['sale_id', 'film_sold', 'amount', 'day'],
};
const NAMES = Object.keys(TABLES);
const OPERATORS: readonly Operator[] = ['=', '<>', '<', '<=', '>', '>='];

/** Draws of a seed: mulberry32. */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [copy[i], copy[j]] = [copy[j] as T, copy[i] as T]; // both are inside
    }
    return copy;
  }
}

export function randomQuery(dice: Dice): Query {
  const names = dice.shuffle(NAMES).slice(0, 1 + dice.below(3));
  if (names.length === 2 && dice.chance(0.2)) names[1] = names[0] ?? ''; // a table joined to itself
  const sources = names.map((table) => ({ table }));
  const column = (): Column => randomColumn(dice, sources);
  const used = new Set<string>();
  const targets: Target[] = [];
  for (let i = 1 + dice.below(3); i > 0; i--) {
    const target = column();
    if (used.has(target.name)) continue;
    used.add(target.name);
    targets.push({
      column: target,
      ...(dice.chance(0.2) ? { cast: dice.pick(['int4', 'text', 'float8'] as const) } : {}),
      ...(dice.chance(0.25) ? { alias: `out_${i}` } : {}),
    });
  }
  const limited = dice.chance(0.2);
  return {
    distinct: dice.chance(0.2),
    targets,
    sources,
    joins: sources.slice(1).map((_, i) => ({
      left: dice.chance(0.15),
      on: { kind: 'compare', operator: '=', left: columnOf(dice, sources, i + 1), right: columnOf(dice, sources, i) },
    })),
    ...(dice.chance(0.85) ? { where: randomCondition(dice, sources, dice.pick(['and', 'or']), 2) } : {}),
    order: dice.chance(0.4) ? [{ column: column(), descending: dice.chance(0.4) }] : [],
    ...(limited ? { limit: 1 + dice.below(20) } : {}),
  };
}

function randomColumn(dice: Dice, sources: readonly Source[]): Column {
  return columnOf(dice, sources, dice.below(sources.length));
}

function columnOf(dice: Dice, sources: readonly Source[], source: number): Column {
  return { source, name: dice.pick(TABLES[sources[source]?.table ?? ''] ?? []) };
}

export function randomLiteral(dice: Dice): Literal {
  return { kind: dice.pick(['int', 'int', 'text', 'decimal'] as const), value: dice.below(50) };
}

/** Within AND stand no ANDs, and within OR no ORs: nesting them is a way of writing. */
function randomCondition(dice: Dice, sources: readonly Source[], kind: 'and' | 'or', depth: number): Condition {
  const left = randomColumn(dice, sources);
  if (depth > 0 && dice.chance(0.6)) return { kind, parts: parts(dice, sources, kind === 'and' ? 'or' : 'and', depth) };
  switch (dice.below(8)) {
    case 0: {
      const type = dice.pick(['int', 'text'] as const);
      const values = new Set(Array.from({ length: 1 + dice.below(4) }, () => dice.below(40)));
      return { kind: 'in', not: dice.chance(0.3), left, items: [...values].map((value) => ({ kind: type, value })) };
    }
    case 1: {
      const value = dice.below(20);
      return { kind: 'between', left, low: { kind: 'int', value }, high: { kind: 'int', value: value + 3 } };
    }
    case 2:
      return { kind: 'null', left, not: dice.chance(0.5) };
    case 3:
      return depth > 0 ? { kind: 'not', part: randomCondition(dice, sources, kind, 0) } : compareTo(dice, left);
    case 4: {
      const table = dice.pick(NAMES);
      return { kind: 'exists', table, inner: dice.pick(TABLES[table] ?? []), outer: left, value: randomLiteral(dice) };
    }
    case 5: {
      const right = randomColumn(dice, sources);
      if (right.name === left.name) return compareTo(dice, left);
      return { kind: 'compare', operator: dice.pick(OPERATORS), left, right };
    }
    default:
      return compareTo(dice, left);
  }
}

function compareTo(dice: Dice, left: Column): Condition {
  return { kind: 'compare', operator: dice.pick(OPERATORS), left, right: randomLiteral(dice) };
}

function parts(dice: Dice, sources: readonly Source[], kind: 'and' | 'or', depth: number): Condition[] {
  const found = new Map<string, Condition>();
  const wanted = 2 + dice.below(3);
  for (let tries = 0; tries < 20 && found.size < wanted; tries++) {
    const part = randomCondition(dice, sources, kind, depth - 1);
    found.set(JSON.stringify(part), part);
  }
  return [...found.values()];
}
