import { type Column, type Condition, Dice, type Literal, type Operator, type Query, TABLES } from './sql-model.ts';

/** Each gives a query that may answer differently, or undefined where the query has no place for it. */
export const MUTATIONS: Readonly<Record<string, (query: Query, dice: Dice) => Query | undefined>> = {
  'literal plus or minus one': (query, dice) =>
    inLiteral(query, dice, (value) => ({ ...value, value: value.value + (dice.chance(0.5) ? 1 : -1) })),
  'type of a literal': (query, dice) =>
    inLiteral(query, dice, (value) => ({ ...value, kind: value.kind === 'int' ? 'text' : 'int' })),
  operator: (query, dice) => inCondition(query, dice, 'compare', (one) => ({ ...one, operator: OTHER[one.operator] })),
  'NOT IN': (query, dice) => inCondition(query, dice, 'in', (one) => ({ ...one, not: !one.not })),
  'NOT NULL': (query, dice) => inCondition(query, dice, 'null', (one) => ({ ...one, not: !one.not })),
  'column of a condition': (query, dice) =>
    inCondition(query, dice, 'compare', (one) => {
      const taken = 'source' in one.right ? one.right.name : '';
      return { ...one, left: otherColumn(query, one.left, [taken]) };
    }),
  'column of the result': (query) =>
    withTarget(query, 0, (target) => ({
      ...target,
      column: otherColumn(
        query,
        target.column,
        query.targets.map((one) => one.column.name),
      ),
    })),
  DISTINCT: (query) => ({ ...query, distinct: !query.distinct }),
  schema: (query, dice) => {
    const at = dice.below(query.sources.length);
    return { ...query, sources: query.sources.map((one, i) => (i === at ? { ...one, schema: 'other' } : one)) };
  },
  'output alias': (query) => withTarget(query, 0, (target) => ({ ...target, alias: `${target.alias ?? ''}renamed` })),
  'output type': (query) =>
    withTarget(query, 0, (target) => ({ ...target, cast: target.cast === 'text' ? 'int4' : 'text' })),
  LIMIT: (query) => ({ ...query, limit: (query.limit ?? 0) + 1 }),
  quoting: (query) => withTarget(query, 0, (target) => ({ ...target, column: { ...target.column, quoted: true } })),
  'select order': (query) =>
    query.targets.length < 2
      ? undefined
      : { ...query, targets: [...query.targets.slice(1), ...query.targets.slice(0, 1)] },
  'one column less': (query) => (query.targets.length < 2 ? undefined : { ...query, targets: query.targets.slice(1) }),
  'sort direction': (query) =>
    query.order.length === 0
      ? undefined
      : { ...query, order: query.order.map((one) => ({ ...one, descending: !one.descending })) },
  'outer join': (query) =>
    query.joins.length === 0 ? undefined : { ...query, joins: query.joins.map((one) => ({ ...one, left: !one.left })) },
  'AND for OR': (query) =>
    query.where?.kind === 'and' || query.where?.kind === 'or'
      ? { ...query, where: { kind: query.where.kind === 'and' ? 'or' : 'and', parts: query.where.parts } }
      : undefined,
  negation: (query) =>
    query.where === undefined ? undefined : { ...query, where: { kind: 'not', part: query.where } },
  'no WHERE': (query) => {
    const { where, ...rest } = query;
    return where === undefined ? undefined : rest;
  },
};

const OTHER: Readonly<Record<Operator, Operator>> = {
  '=': '<>',
  '<>': '=',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '<',
};

function withTarget(
  query: Query,
  at: number,
  change: (target: Query['targets'][number]) => Query['targets'][number],
): Query {
  return { ...query, targets: query.targets.map((target, i) => (i === at ? change(target) : target)) };
}

function otherColumn(query: Query, column: Column, taken: readonly string[]): Column {
  const names = TABLES[query.sources[column.source]?.table ?? ''] ?? [];
  const free = names.filter((name) => name !== column.name && !taken.includes(name));
  return { ...column, name: free[0] ?? `${column.name}_2` };
}

type Kind = Condition['kind'];
type Of<K extends Kind> = Extract<Condition, { kind: K }>;

/** Changes one condition of a kind, wherever it stands. */
function inCondition<K extends Kind>(
  query: Query,
  dice: Dice,
  kind: K,
  change: (condition: Of<K>) => Condition,
): Query | undefined {
  const count = { left: 0 };
  const total = countOf(query, kind);
  if (total === 0 || query.where === undefined) return undefined;
  const chosen = dice.below(total);
  const visit = (condition: Condition): Condition => {
    if (condition.kind === kind && count.left++ === chosen) return change(condition as Of<K>); // of that kind
    if (condition.kind === 'not') return { ...condition, part: visit(condition.part) };
    if (condition.kind === 'and' || condition.kind === 'or') return { ...condition, parts: condition.parts.map(visit) };
    return condition;
  };
  return { ...query, where: visit(query.where) };
}

function countOf(query: Query, kind: Kind): number {
  const count = (condition: Condition | undefined): number => {
    if (condition === undefined) return 0;
    const own = condition.kind === kind ? 1 : 0;
    if (condition.kind === 'not') return own + count(condition.part);
    if (condition.kind === 'and' || condition.kind === 'or')
      return condition.parts.reduce((sum, part) => sum + count(part), own);
    return own;
  };
  return count(query.where);
}

function inLiteral(query: Query, dice: Dice, change: (value: Literal) => Literal): Query | undefined {
  const kinds = dice.shuffle(['compare', 'in', 'between', 'exists'] as const);
  for (const kind of kinds) {
    if (kind === 'compare' && !hasLiteralComparison(query)) continue;
    let changed = false;
    const next = inCondition(query, new Dice(dice.below(1_000_000)), kind, (condition) => {
      const result = withLiteral(condition, change);
      changed = result !== condition;
      return result;
    });
    if (next !== undefined && changed) return next;
  }
  return undefined;
}

function hasLiteralComparison(query: Query): boolean {
  return JSON.stringify(query.where ?? null).includes('"kind":"compare"');
}

function withLiteral(condition: Condition, change: (value: Literal) => Literal): Condition {
  switch (condition.kind) {
    case 'compare':
      return 'source' in condition.right ? condition : { ...condition, right: change(condition.right) };
    case 'in':
      return { ...condition, items: condition.items.map((item, i) => (i === 0 ? change(item) : item)) };
    case 'between':
      return { ...condition, low: change(condition.low) };
    case 'exists':
      return { ...condition, value: change(condition.value) };
    default:
      return condition;
  }
}
