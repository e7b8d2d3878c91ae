import { as, isNode, type Json, type JsonNode, list, names, text } from './ast.ts';
import { normalizeBoolean, normalizeComparison, normalizeTypeName, type Rewrote } from './expressions.ts';
import { dependsOnOrder, fromLeaves, orderJoins, seesOrder } from './join-order.ts';
import {
  type Catalog,
  EMPTY_SCOPE,
  findColumn,
  findItem,
  hidingNames,
  isRangeName,
  makeItems,
  NotRenamable,
  outputColumns,
  type RangeItem,
  type Scope,
} from './scope.ts';

interface Context {
  readonly catalog: Catalog | undefined;
  readonly rewrote: Rewrote;
  /** Somewhere in the statement the order of rows may show: a CTE could be read there. */
  readonly ordered: boolean;
}

/** Where an expression stands: under ORDER BY a bare name means an output column first, under GROUP BY second. */
type Place = 'expression' | 'order' | 'group' | 'target';

/** The canonical form of a SELECT statement node (locations stripped). Throws NotRenamable when names can't be followed. */
export function canonicalSelect(statement: JsonNode, catalog: Catalog | undefined, rewrote: Rewrote): JsonNode {
  const context: Context = { catalog, rewrote, ordered: dependsOnOrder(statement) };
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
    const around: Scope = { ...parent, depth: parent.depth + 1, ctes: new Map(ctes), ordered: context.ordered };
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
  const ordered = parent.ordered ? undefined : orderJoins(original, itemsOf(original));
  if (ordered !== undefined) context.rewrote('join-order');
  const body = ordered ?? original;
  const scope: Scope = {
    parent,
    depth,
    ctes: parent.ctes,
    ordered: parent.ordered,
    hiding: hidingNames(body),
    items: itemsOf(body),
  };
  const result: JsonNode = { ...body };
  if (body.fromClause !== undefined)
    result.fromClause = list(body.fromClause).map((item) => fromItem(item, scope, parent, context));
  result.targetList = list(body.targetList).map((target) => expression(target, scope, context, 'target'));
  Object.assign(
    result,
    rewriteKeys(
      body,
      ['whereClause', 'havingClause', 'limitCount', 'limitOffset', 'windowClause', 'valuesLists'],
      scope,
      context,
    ),
  );
  if (body.groupClause !== undefined)
    result.groupClause = list(body.groupClause).map((item) => expression(item, scope, context, 'group'));
  if (body.distinctClause !== undefined)
    result.distinctClause = list(body.distinctClause).map((item) => expression(item, scope, context, 'order'));
  if (body.sortClause !== undefined)
    result.sortClause = list(body.sortClause).map((sort) => sortItem(sort, scope, context));
  return result;
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
        ...rewriteKeys(join, ['quals'], joined, context),
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
  if (Array.isArray(node)) return node.map((item) => expression(item, scope, context, 'expression'));
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
    below[key] = expression(
      node[key] ?? null,
      scope,
      context,
      key === 'ResTarget' || (place === 'target' && key === 'val') ? 'target' : 'expression',
    );
  const compare = as('A_Expr', below);
  if (compare !== undefined) return normalizeComparison(compare, context.rewrote);
  const bool = as('BoolExpr', below);
  if (bool !== undefined) return normalizeBoolean(bool, context.rewrote);
  if (isNode(below.typeName)) below.typeName = normalizeTypeName(below.typeName, context.rewrote);
  return below;
}

function columnReference(column: JsonNode, scope: Scope, context: Context, place: Place): Json {
  const fields = list(column.fields);
  const star = as('A_Star', fields.at(-1)) !== undefined;
  const parts = names(star ? fields.slice(0, -1) : fields);
  if (parts === undefined) throw new NotRenamable();
  if (parts.length === 0) return { ColumnRef: column };
  if (parts.length === 1 && !star) return bareColumn(parts[0] ?? '', column, scope, context, place);
  const [schema, table] = star ? [parts.at(-2), parts.at(-1)] : [parts.at(-3), parts.at(-2)];
  const found = findItem(scope, table ?? '', schema);
  if (found === undefined) throw new NotRenamable();
  const last = fields.at(-1) ?? null;
  const name = parts.at(-1) ?? '';
  if (canDropQualifier(found.scope, scope, star, place, name, found.item.columns)) {
    context.rewrote('qualifier');
    return { ColumnRef: { fields: [last] } };
  }
  return { ColumnRef: { fields: [{ String: { sval: found.item.canonical } }, last] } };
}

/** Step 3 without a schema: the qualifier says nothing where one item is in scope, and a bare name means the same. */
function canDropQualifier(
  owner: Scope,
  here: Scope,
  star: boolean,
  place: Place,
  name: string,
  columns: ReadonlySet<string> | undefined,
): boolean {
  if (owner !== here || owner.items.length !== 1) return false;
  for (let at = here.parent; at !== undefined; at = at.parent) if (at.items.length > 0) return false;
  if (star) return place === 'target';
  if (columns?.has(name) === true) return false; // the catalog qualifies the bare spelling instead
  if (isRangeName(here, name)) return false;
  return place !== 'order' || !here.hiding.has(name);
}

function bareColumn(name: string, column: JsonNode, scope: Scope, context: Context, place: Place): Json {
  if (place === 'order' && scope.hiding.has(name)) return { ColumnRef: column };
  const item = findColumn(scope, name);
  // a name that is no column may be a whole row
  if (item === undefined && isRangeName(scope, name)) throw new NotRenamable();
  if (place === 'group' && scope.hiding.has(name) && !scope.items.some((own) => own === item))
    return { ColumnRef: column };
  if (item === undefined) return { ColumnRef: column };
  context.rewrote('qualification');
  return { ColumnRef: { fields: [{ String: { sval: item.canonical } }, { String: { sval: name } }] } };
}
