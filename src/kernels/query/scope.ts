import { as, type Json, type JsonNode, list, names, text } from './ast.ts';

/** Tables with their columns, lower case as PostgreSQL folds them: `{ users: ['id', 'name'] }`. */
export type Catalog = ReadonlyMap<string, ReadonlySet<string>>;

/** Something in the statement that makes renaming unsafe; the caller falls back to the statement as written. */
export class NotRenamable extends Error {}

/** One item of a FROM list. */
export interface RangeItem {
  /** Name by which the author refers to it. */
  readonly name: string;
  readonly schema: string | undefined;
  readonly aliased: boolean;
  readonly leaf: JsonNode;
  /** Name by depth and position, independent of the author's choice. */
  readonly canonical: string;
  /** Undefined when not known. */
  readonly columns: ReadonlySet<string> | undefined;
}

/** What names mean inside one SELECT. */
export interface Scope {
  readonly parent: Scope | undefined;
  readonly depth: number;
  readonly items: readonly RangeItem[];
  /** Output names that hide a column of that name under ORDER BY, because they stand for something else. */
  readonly hiding: ReadonlySet<string>;
  readonly ctes: ReadonlyMap<string, ReadonlySet<string> | undefined>;
  /** The order in which rows are found may show in the result. */
  readonly ordered: boolean;
  /** Expressions here are compared with those of GROUP BY or DISTINCT as they are written: a rewrite could part or join them. */
  readonly matched: boolean;
}

export const EMPTY_SCOPE: Scope = {
  parent: undefined,
  depth: 0,
  items: [],
  hiding: new Set(),
  ctes: new Map(),
  ordered: false,
  matched: false,
};

export function makeItems(
  leaves: readonly JsonNode[],
  scope: Pick<Scope, 'depth' | 'ctes'>,
  catalog: Catalog | undefined,
): RangeItem[] {
  const items: RangeItem[] = [];
  const seen = new Set<string>();
  for (const leaf of leaves) {
    const item = makeItem(leaf, `d${scope.depth}_${items.length + 1}`, scope.ctes, catalog);
    if (seen.has(item.name)) throw new NotRenamable();
    seen.add(item.name);
    items.push(item);
  }
  return items;
}

function makeItem(leaf: JsonNode, canonical: string, ctes: Scope['ctes'], catalog: Catalog | undefined): RangeItem {
  const table = as('RangeVar', leaf);
  const derived = as('RangeSubselect', leaf);
  const body = table ?? derived ?? as('RangeFunction', leaf);
  if (body === undefined) throw new NotRenamable();
  const alias = as('alias', body);
  const relation = text(table?.relname);
  const name = text(alias?.aliasname) ?? relation;
  if (name === undefined) throw new NotRenamable();
  const schema = alias === undefined ? text(table?.schemaname) : undefined;
  const given = alias?.colnames === undefined ? undefined : names(alias.colnames);
  let columns: ReadonlySet<string> | undefined;
  if (given !== undefined) columns = undefined;
  else if (relation !== undefined && table?.schemaname === undefined)
    columns = ctes.has(relation) ? ctes.get(relation) : catalog?.get(relation);
  else if (derived !== undefined) columns = outputColumns(as('SelectStmt', derived.subquery));
  return { name, schema, aliased: alias !== undefined, leaf, canonical, columns };
}

/** Names of the columns a SELECT gives, undefined when a star or an unnamed expression is among them. */
export function outputColumns(select: JsonNode | undefined): ReadonlySet<string> | undefined {
  if (select === undefined) return undefined;
  if (isNodeBody(select.larg)) return outputColumns(select.larg as JsonNode);
  const columns = new Set<string>();
  for (const target of list(select.targetList)) {
    const name = outputName(as('ResTarget', target));
    if (name === undefined) return undefined;
    columns.add(name);
  }
  return columns;
}

function isNodeBody(value: Json | undefined): boolean {
  return value !== undefined && value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** The name PostgreSQL gives an output column, for the cases where it is a plain name. */
export function outputName(target: JsonNode | undefined): string | undefined {
  const alias = text(target?.name);
  if (alias !== undefined) return alias;
  const column = as('ColumnRef', target?.val);
  return column === undefined ? undefined : names(column.fields)?.at(-1);
}

/** Output names that are not just the column of that name; those PostgreSQL gives by itself too (`lower(a)` is `lower`). */
export function hidingNames(select: JsonNode): ReadonlySet<string> {
  const hiding = new Set<string>();
  for (const entry of list(select.targetList)) {
    const target = as('ResTarget', entry);
    const column = as('ColumnRef', target?.val);
    const alias = text(target?.name);
    if (alias === undefined && column !== undefined) continue;
    const name = alias ?? givenName(target?.val);
    if (name !== undefined && names(column?.fields)?.at(-1) !== name) hiding.add(name);
  }
  return hiding;
}

/** Expressions PostgreSQL names by a word of its own. */
const GIVEN: Readonly<Record<string, string>> = {
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CaseExpr: 'case',
};
const NAMELESS = new Set(['A_Const', 'ParamRef', 'A_Expr', 'BoolExpr', 'NullTest', 'BooleanTest']);

/** The name of an output column without an alias; undefined for `?column?`. Source: PostgreSQL, FigureColname in parse_target.c. */
function givenName(value: Json | undefined): string | undefined {
  const call = as('FuncCall', value);
  if (call !== undefined) return names(call.funcname)?.at(-1);
  const column = as('ColumnRef', value);
  if (column !== undefined) return names(column.fields)?.at(-1);
  const cast = as('TypeCast', value);
  if (cast !== undefined) return givenName(cast.arg) ?? names(nodeOf(cast.typeName)?.names)?.at(-1);
  const choice = as('CaseExpr', value);
  if (choice?.defresult !== undefined) return givenName(choice.defresult) ?? 'case';
  const extreme = as('MinMaxExpr', value);
  if (extreme !== undefined) return extreme.op === 'IS_LEAST' ? 'least' : 'greatest';
  const link = as('SubLink', value);
  if (link?.subLinkType === 'EXISTS_SUBLINK') return 'exists';
  if (link?.subLinkType === 'ARRAY_SUBLINK') return 'array';
  if (link?.subLinkType === 'EXPR_SUBLINK') return outputOfScalar(as('SelectStmt', link.subselect));
  if (as('A_Expr', value)?.kind === 'AEXPR_NULLIF') return 'nullif';
  const tag = Object.keys(nodeOf(value) ?? {})[0] ?? '';
  if (link !== undefined || NAMELESS.has(tag)) return undefined;
  const given = GIVEN[tag];
  if (given === undefined) throw new NotRenamable();
  return given;
}

function outputOfScalar(query: JsonNode | undefined): string | undefined {
  let body = query;
  while (isNodeBody(body?.larg)) body = body?.larg as JsonNode; // just checked
  const target = as('ResTarget', list(body?.targetList)[0]);
  return text(target?.name) ?? givenName(target?.val);
}

function nodeOf(value: Json | undefined): JsonNode | undefined {
  return isNodeBody(value) ? (value as JsonNode) : undefined; // just checked
}

/** Innermost item that carries this qualifier. `s.t` may also mean a `t` that the search path finds in `s`: NotRenamable. */
export function findItem(
  scope: Scope | undefined,
  name: string,
  schema?: string,
): { item: RangeItem; scope: Scope } | undefined {
  for (let at = scope; at !== undefined; at = at.parent) {
    const item = at.items.find(
      (candidate) => candidate.name === name && (schema === undefined || candidate.schema === schema),
    );
    if (item !== undefined) return { item, scope: at };
    if (schema !== undefined && at.items.some((other) => other.name === name && !other.aliased))
      throw new NotRenamable();
  }
  return undefined;
}

/** The item an unqualified column belongs to, when the catalog leaves no doubt. */
export function findColumn(scope: Scope | undefined, column: string): RangeItem | undefined {
  for (let at = scope; at !== undefined; at = at.parent) {
    if (at.items.some((item) => item.columns === undefined)) return undefined;
    const owners = at.items.filter((item) => item.columns?.has(column) === true);
    if (owners.length === 1) return owners[0];
    if (owners.length > 1) return undefined;
  }
  return undefined;
}

/** True when a bare name could mean a whole row of a FROM item: renaming the item would change it. */
export function isRangeName(scope: Scope | undefined, name: string): boolean {
  return findItem(scope, name) !== undefined;
}
