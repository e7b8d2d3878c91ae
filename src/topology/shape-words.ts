import { DURATION_PATTERN } from '../core/units.ts';
import { type Complaint, nearest, type Path } from './issues.ts';

/** The part of JSON Schema that TypeBox writes and topologies use, with two keywords of ours: `unit` and `form`. */
export interface Node {
  readonly $id?: string;
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly allOf?: readonly Node[];
  readonly items?: Node | readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Node;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly description?: string;
  readonly default?: unknown;
  /** The value is an environment variable's or a file's: `${env:}` and `${file:}` are read here. */
  readonly secret?: boolean;
  readonly unit?: string;
  /** What to write, in words. */
  readonly form?: string;
}

const UNIT_WORDS: Readonly<Record<string, string>> = {
  duration: 'a duration like 30s, 5m, 1h, 365d',
  bytes: 'a size like 512B, 5KB, 10MiB',
  count: 'a count like 500, 20k, 1M',
  ratio: 'a ratio from 0 to 1',
};

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
};

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** What a schema accepts, in words: `a list of texts`, `one of json, csv`, `a map with field, parse`. */
export function describeSchema(node: Node, depth = 0): string {
  if (node.form !== undefined) return node.form;
  const unit = node.pattern === DURATION_PATTERN ? 'duration' : node.unit;
  if (unit !== undefined) return UNIT_WORDS[unit] ?? unit;
  if (node.anyOf !== undefined) return describeUnion(node.anyOf, depth);
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.enum !== undefined) return `one of ${node.enum.map(String).join(', ')}`;
  if (node.type === 'array') {
    const items = node.items;
    const inner =
      items === undefined || Array.isArray(items) || depth > 1
        ? ''
        : ` (each ${describeSchema(items as Node, depth + 1)})`; // not a tuple
    return `a list${inner}`;
  }
  if (node.type === 'object') {
    const keys = Object.keys(node.properties ?? {});
    if (keys.length === 0) return 'a map';
    return `a map with ${keys.slice(0, 8).join(', ')}${keys.length > 8 ? ', …' : ''}`;
  }
  if (node.pattern !== undefined) return `a text that matches ${node.pattern}`;
  if (node.type === 'number' || node.type === 'integer') return `${TYPE_WORDS[node.type]}${range(node)}`;
  if (node.type === 'string' && node.minLength === 1)
    return node.maxLength === 1 ? 'one character' : 'a text that is not empty';
  return TYPE_WORDS[node.type ?? ''] ?? 'another value';
}

function range(node: Node): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = node;
  const parts: string[] = [];
  if (minimum !== undefined) parts.push(`at least ${minimum}`);
  if (exclusiveMinimum !== undefined) parts.push(`above ${exclusiveMinimum}`);
  if (maximum !== undefined) parts.push(`at most ${maximum}`);
  if (exclusiveMaximum !== undefined) parts.push(`below ${exclusiveMaximum}`);
  return parts.length === 0 ? '' : `, ${parts.join(' and ')}`;
}

function describeUnion(branches: readonly Node[], depth: number): string {
  const words = branches.filter((branch) => branch.const !== undefined).map((branch) => String(branch.const));
  const others = branches
    .filter((branch) => branch.const === undefined)
    .map((branch) => describeSchema(branch, depth + 1));
  const parts = [...new Set(others)].slice(0, 5);
  if (words.length > 0)
    parts.unshift(words.length === 1 ? `\`${words[0]}\`` : `one of ${words.slice(0, 40).join(', ')}`);
  return parts.join(' or ');
}

interface Judged {
  readonly branch: Node;
  readonly issues: readonly Complaint[];
}

/**
 * The branch of a union that the author most likely meant: one of the right kind whose own keys the value has; for a
 * value of a kind that only one branch takes, that branch. Undefined when several are equally far.
 */
export function closestBranch(judged: readonly Judged[], value: unknown, path: Path): Judged | undefined {
  const sameKind = judged.filter(({ branch }) => takes(branch, value));
  const ranked = sameKind.map((one) => ({ one, rank: rankOf(one, value, path) })).sort((a, b) => b.rank - a.rank);
  const [first, second] = ranked;
  if (first === undefined) return undefined;
  if (second !== undefined && second.rank === first.rank) return undefined;
  return first.one;
}

function takes(node: Node, value: unknown): boolean {
  if (node.anyOf !== undefined) return node.anyOf.some((branch) => takes(branch, value));
  if (node.const !== undefined) return false; // a literal that is not it says nothing
  const kind = kindOf(value);
  if (node.type === undefined) return true;
  return node.type === kind || (node.type === 'number' && kind === 'integer');
}

/** Keys that fit count up, wrong discriminators and issues count down; an issue deeper inside is a better fit. */
function rankOf({ branch, issues }: Judged, value: unknown, path: Path): number {
  let rank = 0;
  if (kindOf(value) === 'object' && branch.properties !== undefined) {
    const keys = Object.keys(value as object); // kindOf said so
    const known = Object.keys(branch.properties);
    for (const key of keys) rank += known.includes(key) ? 4 : nearest(key, known) === undefined ? 0 : 3;
    for (const [key, inner] of Object.entries(branch.properties)) {
      if (inner.const === undefined || !Object.hasOwn(value as object, key)) continue; // as above
      rank += (value as Readonly<Record<string, unknown>>)[key] === inner.const ? 20 : -20; // as above
    }
  }
  for (const issue of issues) rank -= issue.path.length > path.length + 1 ? 1 : 2;
  return rank;
}
