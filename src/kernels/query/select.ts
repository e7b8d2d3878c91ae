import { as, isNode, type Json, type JsonNode, list, text } from './ast.ts';
import { type Context, columnReference, type Place } from './columns.ts';
import { foldedInteger, truth, truthOf } from './constants.ts';
import { normalizeBoolean, normalizeComparison, normalizeTypeName, type Rewrote } from './expressions.ts';
import { dependsOnOrder, fromLeaves, orderJoins, seesOrder } from './join-order.ts';
import {
  type Catalog,
  EMPTY_SCOPE,
  hidingNames,
  makeItems,
  NotRenamable,
  outputColumns,
  type RangeItem,
  type Scope,
} from './scope.ts';

/** The canonical form of a SELECT statement node (locations stripped). Throws NotRenamable when names can't be followed. */
export function canonicalSelect(statement: JsonNode, catalog: Catalog | undefined, rewrote: Rewrote): JsonNode {
  let known: boolean | undefined;
  const ordered = () => {
    known ??= dependsOnOrder(statement);
    return known;
  };
  const context: Context = { catalog, rewrote, ordered };
  return { SelectStmt: select(as('SelectStmt', statement) ?? {}, EMPTY_SCOPE, context) };
}

function select(body: JsonNode, parent: Scope, context: Context): JsonNode {
  const ctes = new Map(parent.ctes);
  const withClause = isNode(body.withClause) ? withQueries(body.withClause, parent, ctes, context) : undefined;
  const outer: Scope = { ...parent, ctes, ordered: parent.ordered || seesOrder(body) };
  const result =
    isNode(body.larg) && isNode(body.rarg) ? setOperation(body, outer, context) : simpleSelect(body, outer, context);
  if (withClause !== undefined) result.withClause = withClause;
  return result;
}

function withQueries(
  clause: JsonNode,
  parent: Scope,
  ctes: Map<string, ReadonlySet<string> | undefined>,
  context: Context,
): JsonNode {
  const queries = list(clause.ctes).map((entry) => {
    const cte = as('CommonTableExpr', entry);
    const query = as('SelectStmt', cte?.ctequery);
    const name = text(cte?.ctename);
    if (cte === undefined || query === undefined || name === undefined) throw new NotRenamable();
    if (clause.recursive === true) ctes.set(name, undefined);
    const around: Scope = { ...parent, depth: parent.depth + 1, ctes: new Map(ctes), ordered: context.ordered() };
    const done = select(query, around, context);
    ctes.set(name, cte.aliascolnames === undefined ? outputColumns(query) : undefined);
    return { CommonTableExpr: { ...cte, ctequery: { SelectStmt: done } } };
  });
  return { ...clause, ctes: queries };
}

function setOperation(body: JsonNode, scope: Scope, context: Context): JsonNode {
  const nested: Scope = { ...scope, depth: scope.depth + 1 };
  return {
    ...body,
    larg: select(body.larg as JsonNode, nested, context), // checked by the caller
    rarg: select(body.rarg as JsonNode, nested, context), // checked by the caller
    ...rewriteKeys(body, ['limitCount', 'limitOffset'], nested, context),
    // only names and positions of output columns may stand there
    ...(body.sortClause === undefined
      ? {}
      : { sortClause: list(body.sortClause).map((sort) => withDirection(sort, context)) }),
  };
}

function simpleSelect(original: JsonNode, parent: Scope, context: Context): JsonNode {
  const depth = parent.depth + 1;
  const itemsOf = (from: JsonNode): RangeItem[] =>
    makeItems(list(from.fromClause).flatMap(fromLeaves), { depth, ctes: parent.ctes }, context.catalog);
  const items = itemsOf(original);
  const ordered = parent.ordered || items.length < 2 ? undefined : orderJoins(original, items);
  if (ordered !== undefined) context.rewrote('join-order');
  const body = ordered ?? original;
  const scope: Scope = {
    parent,
    depth,
    ctes: parent.ctes,
    ordered: parent.ordered,
    matched: false,
    hiding: hidingNames(body),
    items: ordered === undefined ? items : itemsOf(ordered),
  };
  const isMatched = list(body.groupClause).length > 0 || list(body.distinctClause).length > 0;
  const outputs: Scope = isMatched ? { ...scope, matched: true } : scope;
  const result: JsonNode = { ...body };
  if (body.fromClause !== undefined)
    result.fromClause = list(body.fromClause).map((item) => fromItem(item, scope, parent, context));
  result.targetList = list(body.targetList).map((target) => expression(target, outputs, context, 'target'));
  Object.assign(
    result,
    rewriteKeys(body, ['limitCount', 'limitOffset', 'valuesLists'], scope, context),
    rewriteKeys(body, ['havingClause', 'windowClause'], outputs, context),
  );
  if (body.groupClause !== undefined)
    result.groupClause = list(body.groupClause).map((item) => expression(item, outputs, context, 'group'));
  if (body.distinctClause !== undefined)
    result.distinctClause = list(body.distinctClause).map((item) => expression(item, outputs, context, 'order'));
  if (body.sortClause !== undefined)
    result.sortClause = list(body.sortClause).map((sort) => sortItem(sort, outputs, context));
  withCondition(result, condition(body.whereClause, scope, context), context);
  return result;
}

/** A condition under WHERE or ON: only whether it is true counts, not what its column would be called. */
function condition(node: Json | undefined, scope: Scope, context: Context): Json | undefined {
  if (node === undefined) return undefined;
  const canonical = expression(node, scope, context, 'condition');
  const args = list(as('BoolExpr', canonical)?.args);
  const only = args.length === 1 && as('BoolExpr', canonical)?.boolop !== 'NOT_EXPR' ? args[0] : canonical;
  const known = truthOf(only);
  if (known === undefined) return only;
  if (as('A_Const', only) === undefined) context.rewrote('constant-condition');
  return truth(known);
}

function withCondition(result: JsonNode, where: Json | undefined, context: Context): void {
  if (where === undefined) return;
  if (truthOf(where) === true) {
    delete result.whereClause;
    context.rewrote('constant-condition');
  } else result.whereClause = where;
}

function rewriteKeys(body: JsonNode, keys: readonly string[], scope: Scope, context: Context): JsonNode {
  const result: JsonNode = {};
  for (const key of keys)
    if (body[key] !== undefined) result[key] = expression(body[key], scope, context, 'expression');
  return result;
}

function sortItem(sort: Json, scope: Scope, context: Context): Json {
  const body = as('SortBy', withDirection(sort, context));
  if (body === undefined) return expression(sort, scope, context, 'order');
  return { SortBy: { ...body, node: expression(body.node ?? null, scope, context, 'order') } };
}

function withDirection(sort: Json, context: Context): Json {
  const body = as('SortBy', sort);
  if (body?.sortby_dir !== 'SORTBY_ASC') return sort;
  context.rewrote('default-asc');
  return { SortBy: { ...body, sortby_dir: 'SORTBY_DEFAULT' } };
}

function fromItem(item: Json, scope: Scope, parent: Scope, context: Context): Json {
  const join = as('JoinExpr', item);
  if (join !== undefined) {
    // a condition sees the tables it joins, and what is around the query
    const leaves = new Set(fromLeaves(item));
    const joined: Scope = { ...scope, items: scope.items.filter(({ leaf }) => leaves.has(leaf)) };
    return {
      JoinExpr: {
        ...join,
        larg: fromItem(join.larg ?? null, scope, parent, context),
        rarg: fromItem(join.rarg ?? null, scope, parent, context),
        ...(join.quals === undefined ? {} : { quals: condition(join.quals, joined, context) ?? null }),
      },
    };
  }
  const table = as('RangeVar', item);
  if (table !== undefined)
    return { RangeVar: withAlias(table, text(as('alias', table)?.aliasname) ?? text(table.relname), scope, context) };
  const derived = as('RangeSubselect', item);
  const query = as('SelectStmt', derived?.subquery);
  if (derived === undefined || query === undefined) throw new NotRenamable();
  // only LATERAL sees its neighbours, those before it
  const before = scope.items.findIndex(({ leaf }) => leaf === item);
  const seen: Scope =
    derived.lateral === true
      ? { ...scope, items: scope.items.slice(0, before) }
      : { ...parent, depth: scope.depth, ordered: scope.ordered };
  const named = withAlias(derived, text(as('alias', derived)?.aliasname), scope, context);
  return { RangeSubselect: { ...named, subquery: { SelectStmt: select(query, seen, context) } } };
}

function withAlias(body: JsonNode, name: string | undefined, scope: Scope, context: Context): JsonNode {
  const item = scope.items.find((candidate) => candidate.name === name);
  if (item === undefined) return body;
  if (item.canonical !== name) context.rewrote('alias');
  return { ...body, alias: { ...as('alias', body), aliasname: item.canonical } };
}

/** Bottom-up rewrite of an expression (or a list of them) inside a scope. */
function expression(node: Json, scope: Scope, context: Context, place: Place): Json {
  if (Array.isArray(node)) return node.map((item) => expression(item, scope, context, placeBelow('', place)));
  if (!isNode(node)) return node;
  const column = as('ColumnRef', node);
  if (column !== undefined) return columnReference(column, scope, context, place);
  const link = as('SubLink', node);
  if (link !== undefined && scope.ordered !== (link.subLinkType === 'ARRAY_SUBLINK'))
    return expression(node, { ...scope, ordered: !scope.ordered }, context, place);
  const subquery = as('SelectStmt', node);
  if (subquery !== undefined) return { SelectStmt: select(subquery, scope, context) };
  const below: JsonNode = {};
  for (const key of Object.keys(node))
    below[key] = expression(node[key] ?? null, scope, context, placeBelow(key, place));
  if (isNode(below.typeName)) below.typeName = normalizeTypeName(below.typeName, context.rewrote);
  return scope.matched ? below : normalized(below, context, place);
}

function placeBelow(key: string, place: Place): Place {
  if (key === 'ResTarget' || (place === 'target' && key === 'val')) return 'target';
  return place === 'condition' ? 'condition' : 'expression';
}

function normalized(below: JsonNode, context: Context, place: Place): Json {
  const compare = as('A_Expr', below);
  const folded = compare === undefined || place !== 'condition' ? undefined : foldedInteger(compare);
  if (folded !== undefined) {
    context.rewrote('constant-folding');
    return folded;
  }
  if (compare !== undefined) return normalizeComparison(compare, context.rewrote);
  const bool = as('BoolExpr', below);
  return bool === undefined ? below : normalizeBoolean(bool, context.rewrote);
}
