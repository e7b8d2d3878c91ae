import { as, isNode, type Json, type JsonNode, list, names, serialize, text, walk } from './ast.ts';
import {
  cannotFail,
  combine,
  normalizeBoolean,
  normalizeComparison,
  normalizeTypeName,
  type Rewrote,
} from './expressions.ts';
import { ORDER_FREE_AGGREGATES } from './functions.ts';
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
  type Scope,
} from './scope.ts';

interface Context {
  readonly catalog: Catalog | undefined;
  readonly rewrote: Rewrote;
}

/** Where an expression stands: under ORDER BY a bare name means an output column first. */
type Place = 'expression' | 'order' | 'target';

/** The canonical form of a SELECT statement node (locations stripped). Throws NotRenamable when names can't be followed. */
export function canonicalSelect(statement: JsonNode, catalog: Catalog | undefined, rewrote: Rewrote): JsonNode {
  const context: Context = { catalog, rewrote };
  return { SelectStmt: select(as('SelectStmt', statement) ?? {}, EMPTY_SCOPE, context) };
}

function select(body: JsonNode, parent: Scope, context: Context): JsonNode {
  const ctes = new Map(parent.ctes);
  const withClause = isNode(body.withClause) ? withQueries(body.withClause, parent, ctes, context) : undefined;
  const outer: Scope = { ...parent, ctes };
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
    const done = select(query, { ...parent, depth: parent.depth + 1, ctes: new Map(ctes) }, context);
    ctes.set(name, cte.aliascolnames === undefined ? outputColumns(query) : undefined);
    return { CommonTableExpr: { ...cte, ctequery: { SelectStmt: done } } };
  });
  return { ...clause, ctes: queries };
}

function setOperation(body: JsonNode, scope: Scope, context: Context): JsonNode {
  const nested: Scope = { ...scope, depth: scope.depth + 1 };
  const outputs: Scope = { ...scope, items: [], depth: scope.depth + 1, parent: scope };
  return {
    ...body,
    larg: select(body.larg as JsonNode, nested, context), // checked by the caller
    rarg: select(body.rarg as JsonNode, nested, context), // checked by the caller
    ...rewriteKeys(body, ['limitCount', 'limitOffset'], outputs, context),
    ...(body.sortClause === undefined
      ? {}
      : { sortClause: list(body.sortClause).map((sort) => sortItem(sort, outputs, context)) }),
  };
}

function simpleSelect(original: JsonNode, parent: Scope, context: Context): JsonNode {
  const body = orderJoins(original, context);
  const depth = parent.depth + 1;
  const leaves = list(body.fromClause).flatMap(fromLeaves);
  const scope: Scope = {
    parent,
    depth,
    ctes: parent.ctes,
    hiding: hidingNames(body),
    items: makeItems(leaves, { depth, ctes: parent.ctes }, context.catalog),
  };
  const result: JsonNode = { ...body };
  if (body.fromClause !== undefined)
    result.fromClause = list(body.fromClause).map((item) => fromItem(item, scope, parent, context));
  result.targetList = list(body.targetList).map((target) => expression(target, scope, context, 'target'));
  Object.assign(
    result,
    rewriteKeys(
      body,
      ['whereClause', 'groupClause', 'havingClause', 'limitCount', 'limitOffset', 'windowClause', 'valuesLists'],
      scope,
      context,
    ),
  );
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
  const body = as('SortBy', sort);
  if (body === undefined) return expression(sort, scope, context, 'order');
  if (body.sortby_dir === 'SORTBY_ASC') context.rewrote('default-asc');
  return {
    SortBy: {
      ...body,
      sortby_dir: body.sortby_dir === 'SORTBY_ASC' ? 'SORTBY_DEFAULT' : (body.sortby_dir ?? null),
      node: expression(body.node ?? null, scope, context, 'order'),
    },
  };
}

function fromLeaves(item: Json): JsonNode[] {
  const join = as('JoinExpr', item);
  if (join === undefined) return isNode(item) ? [item] : [];
  if (join.alias !== undefined) throw new NotRenamable();
  return [...fromLeaves(join.larg ?? null), ...fromLeaves(join.rarg ?? null)];
}

function fromItem(item: Json, scope: Scope, parent: Scope, context: Context): Json {
  const join = as('JoinExpr', item);
  if (join !== undefined) {
    return {
      JoinExpr: {
        ...join,
        larg: fromItem(join.larg ?? null, scope, parent, context),
        rarg: fromItem(join.rarg ?? null, scope, parent, context),
        ...rewriteKeys(join, ['quals'], scope, context),
      },
    };
  }
  const table = as('RangeVar', item);
  if (table !== undefined)
    return { RangeVar: withAlias(table, text(as('alias', table)?.aliasname) ?? text(table.relname), scope, context) };
  const derived = as('RangeSubselect', item);
  const query = as('SelectStmt', derived?.subquery);
  if (derived === undefined || query === undefined) throw new NotRenamable();
  // only LATERAL sees its neighbours
  const seen: Scope = derived.lateral === true ? scope : { ...parent, depth: scope.depth };
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
  if (found === undefined) {
    if (schema !== undefined) throw new NotRenamable();
    return { ColumnRef: column };
  }
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
  if (star) return place === 'target';
  if (columns?.has(name) === true) return false; // the catalog qualifies the bare spelling instead
  if (isRangeName(here, name)) return false;
  return place !== 'order' || !here.hiding.has(name);
}

function bareColumn(name: string, column: JsonNode, scope: Scope, context: Context, place: Place): Json {
  if (isRangeName(scope, name)) throw new NotRenamable();
  if (place === 'order' && scope.hiding.has(name)) return { ColumnRef: column };
  const item = findColumn(scope, name);
  if (item === undefined) return { ColumnRef: column };
  context.rewrote('qualification');
  return { ColumnRef: { fields: [{ String: { sval: item.canonical } }, { String: { sval: name } }] } };
}

/**
 * Step 7: tables joined by inner joins alone stand in order of their names, and their conditions become one conjunction.
 * Not with a star (column order), USING or NATURAL, LIMIT (which rows), a table joined to itself (whose names would
 * decide), or an aggregate that sees the order of rows.
 */
function orderJoins(body: JsonNode, context: Context): JsonNode {
  const from = list(body.fromClause);
  const tables: JsonNode[] = [];
  const quals: Json[] = [];
  if (!from.every((item) => collectInner(item, tables, quals)) || tables.length < 2) return body;
  const keys = tables.map((leaf) => tableKey(leaf));
  if (
    new Set(keys).size !== keys.length ||
    body.limitCount !== undefined ||
    body.limitOffset !== undefined ||
    seesOrder(body)
  )
    return body;
  if (list(body.groupClause).length > 0 || hasAggregate(body)) {
    if (!barelyGrouped(body)) return body;
  }
  if (!quals.every(cannotFail) || (body.whereClause !== undefined && !cannotFail(body.whereClause))) return body;
  const sorted = tables.map((leaf, i) => ({ leaf, key: keys[i] ?? '' })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const where = combine(
    'AND_EXPR',
    [...quals, ...(body.whereClause === undefined ? [] : [body.whereClause])],
    () => {},
  );
  context.rewrote('join-order');
  const result: JsonNode = { ...body, fromClause: sorted.map(({ leaf }) => leaf) };
  if (where !== undefined) result.whereClause = where;
  return result;
}

function tableKey(leaf: JsonNode): string {
  const table = as('RangeVar', leaf);
  return serialize([table?.schemaname ?? '', table?.relname ?? '']);
}

function collectInner(item: Json, tables: JsonNode[], quals: Json[]): boolean {
  if (as('RangeVar', item) !== undefined) {
    tables.push(item as JsonNode); // just seen to be one
    return true;
  }
  const join = as('JoinExpr', item);
  if (
    join === undefined ||
    join.jointype !== 'JOIN_INNER' ||
    join.isNatural === true ||
    join.usingClause !== undefined ||
    join.alias !== undefined
  )
    return false;
  if (join.quals !== undefined) quals.push(join.quals);
  return collectInner(join.larg ?? null, tables, quals) && collectInner(join.rarg ?? null, tables, quals);
}

function seesOrder(body: JsonNode): boolean {
  let sees = false;
  walk([body.targetList ?? [], body.havingClause ?? null, body.sortClause ?? []], (node) => {
    if (as('SelectStmt', node) !== undefined) return false;
    const call = as('FuncCall', node);
    if (
      call !== undefined &&
      (call.over !== undefined || !ORDER_FREE_AGGREGATES.has(names(call.funcname)?.at(-1) ?? ''))
    )
      sees = true;
    const fields = list(as('ColumnRef', node)?.fields);
    if (fields.length === 1 && as('A_Star', fields[0]) !== undefined) sees = true;
    return !sees;
  });
  return sees || list(body.distinctClause).some((item) => isNode(item) && Object.keys(item).length > 0);
}

function hasAggregate(body: JsonNode): boolean {
  let found = false;
  walk(body.targetList, (node) => {
    if (as('SelectStmt', node) !== undefined) return false;
    if (as('FuncCall', node) !== undefined) found = true;
    return !found;
  });
  return found;
}

/** Every column outside an aggregate is a grouping column: otherwise some dialects pick a row, and the order of the join shows. */
function barelyGrouped(body: JsonNode): boolean {
  const keys = new Set(list(body.groupClause).map(serialize));
  let plain = true;
  walk([body.targetList ?? [], body.havingClause ?? null, body.sortClause ?? []], (node) => {
    if (as('SelectStmt', node) !== undefined || as('FuncCall', node) !== undefined) return false;
    if (as('ColumnRef', node) !== undefined && !keys.has(serialize(node))) plain = false;
    return plain;
  });
  return plain;
}
