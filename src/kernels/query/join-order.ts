import { as, isNode, type Json, type JsonNode, list, names, serialize, walk } from './ast.ts';
import { cannotFail, combine } from './expressions.ts';
import { ORDER_FREE_AGGREGATES } from './functions.ts';
import { NotRenamable, type RangeItem } from './scope.ts';

/** Tables and subqueries of one entry of a FROM list, from left to right. */
export function fromLeaves(item: Json): JsonNode[] {
  const join = as('JoinExpr', item);
  if (join === undefined) return isNode(item) ? [item] : [];
  if (join.alias !== undefined || join.join_using_alias !== undefined) throw new NotRenamable();
  return [...fromLeaves(join.larg ?? null), ...fromLeaves(join.rarg ?? null)];
}

/**
 * Tables joined by inner joins alone stand in order of their names, and their conditions become one conjunction;
 * undefined where that could show. The caller makes sure that the order of rows does not show (seesOrder), also around it.
 *
 * Not with a star (order of columns), USING or NATURAL, a table joined to itself (whose names would decide), an expression that may fail, or a
 * condition that names what WHERE would find elsewhere.
 */
export function orderJoins(body: JsonNode, items: readonly RangeItem[]): JsonNode | undefined {
  const from = list(body.fromClause);
  const tables: JsonNode[] = [];
  const quals: Json[] = [];
  if (!from.every((item) => collectInner(item, items, tables, quals)) || tables.length < 2) return undefined;
  const keys = tables.map(tableKey);
  if (new Set(keys).size !== keys.length || hasStar(body)) return undefined;
  const grouped = list(body.groupClause).length > 0 || hasAggregate(body);
  if (grouped && !barelyGrouped(body, items)) return undefined;
  if (!quals.every(cannotFail) || (body.whereClause !== undefined && !cannotFail(body.whereClause))) return undefined;
  const sorted = tables.map((leaf, i) => ({ leaf, key: keys[i] ?? '' })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const conditions = body.whereClause === undefined ? quals : [...quals, body.whereClause];
  const where = combine('AND_EXPR', conditions, () => {});
  const result: JsonNode = { ...body, fromClause: sorted.map(({ leaf }) => leaf) };
  if (where !== undefined) result.whereClause = where;
  return result;
}

function tableKey(leaf: JsonNode): string {
  const table = as('RangeVar', leaf);
  return serialize([table?.catalogname ?? '', table?.schemaname ?? '', table?.relname ?? '']);
}

function collectInner(item: Json, items: readonly RangeItem[], tables: JsonNode[], quals: Json[]): boolean {
  if (as('RangeVar', item) !== undefined) {
    tables.push(item as JsonNode); // just seen to be one
    return true;
  }
  const join = as('JoinExpr', item);
  if (join === undefined || join.jointype !== 'JOIN_INNER' || join.isNatural === true || join.usingClause !== undefined)
    return false;
  if (join.quals !== undefined) {
    const leaves = new Set(fromLeaves(item));
    if (!meansTheSameInWhere(join.quals, items, leaves)) return false;
    quals.push(join.quals);
  }
  return collectInner(join.larg ?? null, items, tables, quals) && collectInner(join.rarg ?? null, items, tables, quals);
}

/** A condition sees the tables it joins; WHERE sees all. Each name must mean the same there. */
function meansTheSameInWhere(quals: Json, items: readonly RangeItem[], leaves: ReadonlySet<JsonNode>): boolean {
  let same = true;
  walk(quals, (node) => {
    if (as('SubLink', node) !== undefined) same = false;
    const column = as('ColumnRef', node);
    if (column !== undefined) {
      const parts = names(column.fields) ?? [];
      const named = parts.at(-2);
      const name = parts.at(-1);
      const owners = items.filter((item) =>
        named === undefined ? item.columns?.has(name ?? '') !== false : item.name === named,
      );
      const within = owners.length === 1 && leaves.has(owners[0]?.leaf ?? {});
      const elsewhere = named === undefined ? leaves.size === items.length : owners.length === 0;
      if (!within && !elsewhere) same = false;
    }
    return same;
  });
  return same;
}

/** The order in which the query finds its rows may show in what it gives: which rows, or what an aggregate makes of them. */
export function seesOrder(body: JsonNode): boolean {
  if (body.limitCount !== undefined || body.limitOffset !== undefined) return true;
  if (list(body.distinctClause).some((item) => isNode(item) && Object.keys(item).length > 0)) return true;
  let sees = false;
  walk([body.targetList ?? [], body.havingClause ?? null, body.sortClause ?? []], (node) => {
    if (as('SelectStmt', node) !== undefined) return false;
    sees ||= showsOrder(node);
    return !sees;
  });
  return sees;
}

/** The same of a whole statement with all its subqueries. */
export function dependsOnOrder(statement: JsonNode): boolean {
  let sees = false;
  walk(statement, (node) => {
    sees ||=
      showsOrder(node) ||
      node.limitCount !== undefined ||
      node.limitOffset !== undefined ||
      as('SubLink', node)?.subLinkType === 'ARRAY_SUBLINK' ||
      list(node.distinctClause).some((item) => isNode(item) && Object.keys(item).length > 0);
    return !sees;
  });
  return sees;
}

function showsOrder(node: JsonNode): boolean {
  const call = as('FuncCall', node);
  return (
    call !== undefined && (call.over !== undefined || !ORDER_FREE_AGGREGATES.has(names(call.funcname)?.at(-1) ?? ''))
  );
}

/** `*` gives the columns in the order of the tables. */
function hasStar(body: JsonNode): boolean {
  return list(body.targetList).some((target) => {
    const fields = list(as('ColumnRef', as('ResTarget', target)?.val)?.fields);
    return fields.length === 1 && as('A_Star', fields[0]) !== undefined;
  });
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
function barelyGrouped(body: JsonNode, items: readonly RangeItem[]): boolean {
  const keys = new Set(list(body.groupClause).map((key) => columnKey(key, items)));
  let plain = true;
  walk([body.targetList ?? [], body.havingClause ?? null, body.sortClause ?? []], (node) => {
    if (as('SelectStmt', node) !== undefined || as('FuncCall', node) !== undefined) return false;
    if (as('ColumnRef', node) !== undefined && !keys.has(columnKey(node, items))) plain = false;
    return plain;
  });
  return plain;
}

/** One text for the qualified and the bare spelling of a column, where the catalog leaves no doubt. */
function columnKey(node: Json, items: readonly RangeItem[]): string {
  const parts = names(as('ColumnRef', node)?.fields) ?? [];
  const [name] = parts;
  const owners = items.filter((item) => item.columns?.has(name ?? '') !== false);
  const [owner] = owners;
  if (parts.length !== 1 || owners.length !== 1 || owner?.columns === undefined) return serialize(node);
  return serialize({ ColumnRef: { fields: [{ String: { sval: owner.name } }, { String: { sval: name ?? '' } }] } });
}
