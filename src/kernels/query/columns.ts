import { as, type Json, type JsonNode, list, names } from './ast.ts';
import type { Rewrote } from './expressions.ts';
import { type Catalog, findColumn, findItem, isRangeName, NotRenamable, type Scope } from './scope.ts';

export interface Context {
  readonly catalog: Catalog | undefined;
  readonly rewrote: Rewrote;
  /** Somewhere in the statement the order of rows may show: a CTE could be read there. */
  readonly ordered: () => boolean;
}

/** Where an expression stands: under ORDER BY a bare name means an output column first, under GROUP BY second. */
export type Place = 'expression' | 'order' | 'group' | 'target' | 'condition';

/** A column by the canonical name of its table, or bare where that means the same. Throws NotRenamable. */
export function columnReference(column: JsonNode, scope: Scope, context: Context, place: Place): Json {
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
