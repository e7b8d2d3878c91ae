/**
 * The PostgreSQL parse tree as libpg-query gives it: every node is an object with one key, its tag
 * (`{ ColumnRef: { fields: [...] } }`), except a few lists and enums inside.
 */
export type Json = null | boolean | number | string | Json[] | JsonNode;
export interface JsonNode {
  [key: string]: Json;
}

/** Places in the text, and facts about the text that do not change the meaning. */
const LOCATION_KEYS = new Set([
  'location',
  'rexpr_list_start',
  'rexpr_list_end',
  'stmt_location',
  'stmt_len',
  'list_start',
  'list_end',
]);

/** Deepest tree that is walked: recursion over it takes less than half of the smallest stack. */
const MAX_TREE_DEPTH = 1000;

/** The statement nests deeper than MAX_TREE_DEPTH. */
export class TooDeep extends Error {}

/** A deep copy without places in the text. Property order does not matter: serialization sorts. Throws TooDeep. */
export function stripLocations(node: Json, depth = 0): Json {
  if (node === null || typeof node !== 'object') return node;
  if (depth > MAX_TREE_DEPTH) throw new TooDeep();
  if (Array.isArray(node)) {
    const items: Json[] = [];
    for (let i = 0; i < node.length; i++) items.push(stripLocations(node[i] ?? null, depth + 1));
    return items;
  }
  const copy: JsonNode = {};
  for (const key of Object.keys(node))
    if (!LOCATION_KEYS.has(key)) copy[key] = stripLocations(node[key] ?? null, depth + 1);
  return copy;
}

export function isNode(value: Json | undefined): value is JsonNode {
  return value !== null && value !== undefined && typeof value === 'object' && !Array.isArray(value);
}

/** The body of a node of the given tag, or undefined. */
export function as(tag: string, value: Json | undefined): JsonNode | undefined {
  if (!isNode(value)) return undefined;
  const body = value[tag];
  return isNode(body) ? body : undefined;
}

export function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** `String` nodes of a name list, undefined when something else (a star) is among them. */
export function names(value: Json | undefined): string[] | undefined {
  const parts: string[] = [];
  for (const item of list(value)) {
    const name = text(as('String', item)?.sval);
    if (name === undefined) return undefined;
    parts.push(name);
  }
  return parts;
}

/** Calls `visit` on every object of the tree, parents first; a visit that answers false skips what is below. */
export function walk(node: Json | undefined, visit: (node: JsonNode) => boolean | undefined): void {
  if (Array.isArray(node)) for (const item of node) walk(item, visit);
  else if (isNode(node) && visit(node) !== false) for (const key of Object.keys(node)) walk(node[key], visit);
}

/** `"name":` of the few property names the grammar has. */
const PROPERTY = new Map<string, string>();

/** RFC 8785 style: sorted keys, no white space. All values here are strings, integers and booleans. */
export function serialize(node: Json | undefined): string {
  if (typeof node === 'string') return JSON.stringify(node);
  if (node === undefined || node === null) return 'null';
  if (typeof node !== 'object') return String(node);
  let out = '';
  if (Array.isArray(node)) {
    for (let i = 0; i < node.length; i++) out += i === 0 ? serialize(node[i]) : `,${serialize(node[i])}`;
    return `[${out}]`;
  }
  const keys = Object.keys(node);
  if (keys.length > 1) keys.sort();
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    out += (i === 0 ? '' : ',') + property(key) + serialize(node[key]);
  }
  return `{${out}}`;
}

function property(key: string): string {
  const known = PROPERTY.get(key);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(key)}:`;
  if (PROPERTY.size < 1000) PROPERTY.set(key, text);
  return text;
}

/** The very same nodes in the same order. */
export function sameNodes(a: readonly Json[], b: readonly Json[]): boolean {
  return a.length === b.length && a.every((node, i) => node === b[i]);
}
