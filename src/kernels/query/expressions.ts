import { as, type Json, type JsonNode, list, names, sameNodes, serialize, text, walk } from './ast.ts';
import { truth, truthOf } from './constants.ts';

/** Commuted comparison: `a > b` is written `b < a`. */
const TURNED: Readonly<Record<string, string>> = { '>': '<', '>=': '<=' };
/** Type names PostgreSQL's grammar writes with `pg_catalog`, so that `CAST(x AS int)` and `x::int4` meet. */
const BUILTIN_TYPES = new Set(
  'bool bytea int2 int4 int8 float4 float8 numeric bpchar varchar text date time timetz timestamp timestamptz interval bit varbit json jsonb uuid'.split(
    ' ',
  ),
);

/** Called with the name of a rewrite that changed something, for the explanation. */
export type Rewrote = (rule: string) => void;

export function operatorName(expr: JsonNode): string | undefined {
  const parts = names(expr.name);
  return parts?.length === 1 ? parts[0] : undefined;
}

export function comparison(operator: string, left: Json, right: Json): JsonNode {
  return { A_Expr: { kind: 'AEXPR_OP', name: [{ String: { sval: operator } }], lexpr: left, rexpr: right } };
}

function isConstant(node: Json | undefined): boolean {
  return as('A_Const', node) !== undefined;
}

/** A column or a constant: evaluating it twice or elsewhere changes nothing. */
function isAtom(node: Json | undefined): boolean {
  return isConstant(node) || as('ColumnRef', node) !== undefined || as('ParamRef', node) !== undefined;
}

/** Steps 4 and 5: one spelling for comparisons. The operands are canonical already. */
export function normalizeComparison(expr: JsonNode, rewrote: Rewrote): JsonNode {
  switch (text(expr.kind)) {
    case 'AEXPR_OP':
      return orderOperands(expr, rewrote);
    case 'AEXPR_IN':
      return normalizeIn(expr, rewrote);
    case 'AEXPR_BETWEEN':
      return expandBetween(expr, rewrote);
    default:
      return { A_Expr: expr };
  }
}

function orderOperands(expr: JsonNode, rewrote: Rewrote): JsonNode {
  const operator = operatorName(expr);
  const left = expr.lexpr;
  const right = expr.rexpr;
  if (operator === undefined || left === undefined || right === undefined || !isAtom(left) || !isAtom(right))
    return { A_Expr: expr };
  const turned = TURNED[operator];
  if (turned !== undefined) {
    rewrote('comparison-direction');
    return comparison(turned, right, left);
  }
  if ((operator === '=' || operator === '<>') && serialize(left) > serialize(right)) {
    rewrote('operand-order');
    return comparison(operator, right, left);
  }
  return { A_Expr: expr };
}

function normalizeIn(expr: JsonNode, rewrote: Rewrote): JsonNode {
  const items = list(as('List', expr.rexpr)?.items);
  const operator = operatorName(expr);
  const kinds = new Set(items.map(constantKind));
  if (operator === undefined || items.length === 0 || kinds.size !== 1 || kinds.has(undefined) || !isAtom(expr.lexpr))
    return { A_Expr: expr };
  const unique = sortUnique(items);
  // several items are compared in one type; a single one may be compared in a wider type: `real IN (1.1, 1.1)` is not `real = 1.1`
  const [only = null] = unique;
  if (unique.length === 1 && items.length > 1 && !isExactInEveryType(only)) unique.push(only);
  if (unique.length === 1) {
    rewrote('single-element-in');
    return orderOperands(as('A_Expr', comparison(operator, expr.lexpr ?? null, only)) ?? {}, rewrote);
  }
  if (!sameNodes(unique, items)) rewrote('in-list-order');
  return { A_Expr: { ...expr, rexpr: { List: { items: unique } } } };
}

/** Sorting a list of mixed kinds could change the type it is resolved to. */
function constantKind(item: Json): string | undefined {
  const constant = as('A_Const', item);
  return constant === undefined
    ? undefined
    : ['ival', 'fval', 'sval', 'boolval'].find((kind) => constant[kind] !== undefined);
}

/** A text or truth value, or a number that a float of 4 bytes holds as it is. */
function isExactInEveryType(node: Json): boolean {
  const constant = as('A_Const', node);
  const integer = as('ival', constant);
  const value = integer === undefined ? as('fval', constant)?.fval : (integer.ival ?? 0);
  return value === undefined || Math.fround(Number(value)) === Number(value);
}

function expandBetween(expr: JsonNode, rewrote: Rewrote): JsonNode {
  const [low, high] = list(as('List', expr.rexpr)?.items);
  if (low === undefined || high === undefined || !isAtom(expr.lexpr) || !isAtom(low) || !isAtom(high))
    return { A_Expr: expr };
  rewrote('between');
  const operand = expr.lexpr ?? null;
  return combine('AND_EXPR', [comparison('<=', low, operand), comparison('<=', operand, high)], () => {}) as JsonNode; // two operands: an object
}

/** Step 6: flatten always; sort and drop repeats only where no operand can raise an error. */
export function normalizeBoolean(expr: JsonNode, rewrote: Rewrote): JsonNode {
  const operator = text(expr.boolop);
  if (operator !== 'AND_EXPR' && operator !== 'OR_EXPR') return { BoolExpr: expr };
  return combine(operator, list(expr.args), rewrote) as JsonNode;
}

/** The conjunction or disjunction of canonical operands; undefined for none. */
export function combine(
  operator: 'AND_EXPR' | 'OR_EXPR',
  operands: readonly Json[],
  rewrote: Rewrote,
): Json | undefined {
  const flat: Json[] = [];
  for (const operand of operands) {
    const inner = as('BoolExpr', operand);
    const args = list(inner?.args);
    if (inner !== undefined && (inner.boolop === operator || (args.length === 1 && inner.boolop !== 'NOT_EXPR')))
      flat.push(...args);
    else flat.push(operand);
  }
  const sorted = flat.every(cannotFail) ? sortUnique(withoutConstants(operator, flat)) : flat;
  if (!sameNodes(sorted, operands)) rewrote(operator === 'AND_EXPR' ? 'and-order' : 'or-order');
  const [only] = sorted;
  // `x AND x` is `x` only where that changes neither the name of an output column nor what must be a truth value
  if (sorted.length === 0 || (sorted.length === 1 && isNamelessTruth(only))) return only;
  return { BoolExpr: { boolop: operator, args: sorted } };
}

/** `TRUE AND x` is `x`, `FALSE OR x` is `x`. What is not constant stays: it may name what is not there. */
function withoutConstants(operator: 'AND_EXPR' | 'OR_EXPR', operands: readonly Json[]): readonly Json[] {
  const neutral = operator === 'AND_EXPR';
  const left = operands.filter((operand) => truthOf(operand) !== neutral);
  return left.length === 0 ? [truth(neutral)] : left;
}

function isNamelessTruth(node: Json | undefined): boolean {
  return as('A_Expr', node) !== undefined || as('BoolExpr', node) !== undefined || as('NullTest', node) !== undefined;
}

export function sortUnique(items: readonly Json[]): Json[] {
  const byText = new Map<string, Json>();
  for (const item of items) {
    const key = serialize(item);
    if (!byText.has(key)) byText.set(key, item);
  }
  return [...byText.keys()].sort().map((key) => byText.get(key) ?? null);
}

const HARMLESS = new Set(['=', '<>', '<', '<=', '>', '>=']);

/** True when evaluating the expression on any row cannot raise an error, so that the order of evaluation does not show. */
export function cannotFail(node: Json): boolean {
  if (isAtom(node)) return true;
  const compare = as('A_Expr', node);
  if (compare !== undefined) return comparisonCannotFail(compare);
  const bool = as('BoolExpr', node);
  if (bool !== undefined) return list(bool.args).every(cannotFail);
  const nullTest = as('NullTest', node);
  if (nullTest !== undefined) return cannotFail(nullTest.arg ?? null);
  const link = as('SubLink', node);
  if (link === undefined) return false;
  // a scalar subquery fails when it gives two rows
  if (link.subLinkType === 'EXPR_SUBLINK')
    return isSingleRow(as('SelectStmt', link.subselect)) && subqueryCannotFail(link.subselect);
  return (link.testexpr === undefined || cannotFail(link.testexpr)) && subqueryCannotFail(link.subselect);
}

function comparisonCannotFail(expr: JsonNode): boolean {
  const operator = operatorName(expr);
  const operands = [expr.lexpr, expr.rexpr].flatMap((side) => as('List', side)?.items ?? side ?? null).flat() as Json[]; // List items or the operand itself
  if (!operands.every(cannotFail)) return false;
  switch (text(expr.kind)) {
    case 'AEXPR_OP':
      return operator !== undefined && HARMLESS.has(operator);
    case 'AEXPR_IN':
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      return true;
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE': {
      const pattern = as('sval', as('A_Const', expr.rexpr))?.sval;
      return typeof pattern === 'string' && !pattern.includes('\\'); // a pattern that ends with its escape character fails
    }
    default:
      return false;
  }
}

/** An aggregate without GROUP BY gives one row. */
function isSingleRow(select: JsonNode | undefined): boolean {
  const targets = list(select?.targetList);
  return (
    select?.groupClause === undefined &&
    targets.length === 1 &&
    as('FuncCall', as('ResTarget', targets[0])?.val) !== undefined &&
    isAggregate(as('ResTarget', targets[0])?.val)
  );
}

const SAFE_AGGREGATES = new Set(['count', 'max', 'min', 'avg']);

function isAggregate(node: Json | undefined): boolean {
  const call = as('FuncCall', node);
  return (
    SAFE_AGGREGATES.has(names(call?.funcname)?.at(-1) ?? '') &&
    call?.over === undefined &&
    list(call?.args).every(isAtom)
  );
}

function subqueryCannotFail(node: Json | undefined): boolean {
  let safe = true;
  walk(node, (inner) => {
    const call = as('FuncCall', inner);
    const expr = as('A_Expr', inner);
    const link = as('SubLink', inner);
    if (call !== undefined && !isAggregate(inner)) safe = false;
    if (expr !== undefined && !comparisonCannotFail(expr)) safe = false;
    if (link !== undefined && !cannotFail(inner)) safe = false;
    if (CAN_FAIL.some((tag) => inner[tag] !== undefined)) safe = false;
    return safe;
  });
  return safe;
}

/** Parts of a subquery that are not looked into: each may raise an error. */
const CAN_FAIL =
  'TypeCast A_Indirection CaseExpr limitCount limitOffset RangeFunction RangeTableFunc A_ArrayExpr RowExpr XmlExpr XmlSerialize JsonFuncExpr JsonTable JsonParseExpr JsonScalarExpr JsonSerializeExpr JsonObjectConstructor JsonArrayConstructor JsonIsPredicate CollateClause MultiAssignRef'.split(
    ' ',
  );

/** `pg_catalog.int4` and `int4` are one type. */
export function normalizeTypeName(typeName: JsonNode, rewrote: Rewrote): JsonNode {
  const parts = names(typeName.names);
  if (parts?.length !== 2 || parts[0] !== 'pg_catalog' || !BUILTIN_TYPES.has(parts[1] ?? '')) return typeName;
  rewrote('type-name');
  return { ...typeName, names: [{ String: { sval: parts[1] ?? '' } }] };
}
