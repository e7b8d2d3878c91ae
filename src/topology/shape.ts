import type { TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { DURATION_PATTERN, type Parsed, readBytes, readCount, readDuration, readRatio } from '../core/units.ts';
import { type Complaint, didYouMean, nearest, type Path, pathText, show } from './issues.ts';
import { closestBranch, describeSchema, kindOf, type Node } from './shape-words.ts';

const UNITS: Readonly<Record<string, (input: unknown) => Parsed>> = {
  duration: readDuration,
  bytes: readBytes,
  count: readCount,
  ratio: readRatio,
};

/** Nesting of a value that is checked; schemas of operators are far flatter. */
const MAX_DEPTH = 64;

/**
 * What is wrong with `value`, in a user's words: every unknown key, missing key and wrong value with a suggestion.
 * The schema library decides whether it is right; this only finds the words. A union is judged by the branch that
 * comes closest. Unknown keywords are left to the library, whose own words are the fallback.
 */
export function checkShape(schema: TSchema, value: unknown, path: Path): readonly Complaint[] {
  if (Value.Check(schema, value)) return [];
  const found = new Walk().check(schema as Node, value, path); // a TypeBox schema is a JSON Schema
  if (found.length > 0) return found;
  const first = Value.Errors(schema, value).First();
  const inner = (first?.path ?? '')
    .split('/')
    .slice(1)
    .map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part));
  return [
    {
      path: [...path, ...inner],
      code: 'wrong-value',
      message: `${pathText([...path, ...inner])}: ${first?.message ?? 'does not match its schema'}, found ${show(first?.value)}`,
      remedy: `expected ${describeSchema(schema as Node)}`, // as above
    },
  ];
}

class Walk {
  private readonly named = new Map<string, Node>();

  check(given: Node, value: unknown, path: Path): readonly Complaint[] {
    if (given.$id !== undefined) this.named.set(given.$id, given);
    const node = given.$ref === undefined ? given : this.named.get(given.$ref);
    if (node === undefined || path.length > MAX_DEPTH) return [];
    const unit = node.unit ?? (isDuration(node) ? 'duration' : undefined);
    if (unit !== undefined && Object.hasOwn(UNITS, unit)) return this.unit(unit, value, path);
    if (node.anyOf !== undefined) return this.union(node.anyOf, value, path);
    if (node.allOf !== undefined) return node.allOf.flatMap((part) => this.check(part, value, path));
    if (node.const !== undefined) return value === node.const ? [] : [wrong(node, value, path)];
    if (node.enum !== undefined) return node.enum.includes(value) ? [] : [this.word(node.enum, value, path)];
    if (node.type !== undefined && !hasType(node.type, value)) return [wrong(node, value, path)];
    switch (node.type) {
      case 'object':
        return this.object(node, own(value), path);
      case 'array':
        return this.array(node, value as readonly unknown[], path); // hasType said so
      case 'string':
        return this.string(node, value as string, path); // hasType said so
      case 'number':
      case 'integer':
        return this.number(node, value as number, path); // hasType said so
      default:
        return [];
    }
  }

  private unit(unit: string, value: unknown, path: Path): readonly Complaint[] {
    const parsed = UNITS[unit]!(value);
    if ('value' in parsed) return [];
    return [{ path, code: 'wrong-unit', message: `${pathText(path)}: ${parsed.problem}`, remedy: parsed.remedy }];
  }

  private union(given: readonly Node[], value: unknown, path: Path): readonly Complaint[] {
    const branches = flatten(given);
    if (branches.every((branch) => branch.const !== undefined)) {
      const words = branches.map((branch) => branch.const);
      return words.includes(value) ? [] : [this.word(words, value, path)];
    }
    const judged = branches.map((branch) => ({ branch, issues: this.check(branch, value, path) }));
    if (judged.some((one) => one.issues.length === 0)) return [];
    const best = closestBranch(judged, value, path);
    const words = branches.flatMap((branch) => (typeof branch.const === 'string' ? [branch.const] : []));
    const shallow = best?.issues.every((issue) => issue.path.length === path.length && issue.at !== 'key') ?? true;
    if (best !== undefined && (words.length === 0 || !shallow)) return best.issues;
    const unit = typeof value === 'number' ? judged.find(({ branch }) => isDuration(branch))?.issues[0] : undefined;
    const meant = typeof value === 'string' ? didYouMean(value, words) : undefined;
    const remedy = meant ?? best?.issues[0]?.remedy ?? unit?.remedy;
    const complaint = wrong({ anyOf: branches }, value, path);
    return [remedy === undefined ? complaint : { ...complaint, remedy }];
  }

  private word(words: readonly unknown[], value: unknown, path: Path): Complaint {
    const known = words.map(String);
    return {
      path,
      code: 'wrong-value',
      message: `${pathText(path)}: expected ${oneOf(known)}, found ${show(value)}`,
      remedy: (typeof value === 'string' ? didYouMean(value, known) : undefined) ?? `write ${oneOf(known)}`,
    };
  }

  private object(node: Node, value: Readonly<Record<string, unknown>>, path: Path): readonly Complaint[] {
    const issues: Complaint[] = [];
    const properties = node.properties ?? {};
    const patterns = Object.entries(node.patternProperties ?? {});
    const known = Object.keys(properties);
    const misspelt = new Set<string | undefined>();
    for (const [key, inner] of Object.entries(value)) {
      const at = [...path, key];
      const pattern = patterns.find(([text]) => new RegExp(text).test(key));
      if (Object.hasOwn(properties, key)) issues.push(...this.check(properties[key]!, inner, at));
      else if (pattern !== undefined) issues.push(...this.check(pattern[1], inner, at));
      else if (node.additionalProperties === false) {
        issues.push(unknownKey(key, known, at));
        misspelt.add(nearest(key, known));
      } else if (typeof node.additionalProperties === 'object')
        issues.push(...this.check(node.additionalProperties, inner, at));
    }
    for (const key of node.required ?? []) {
      if (Object.hasOwn(value, key) || misspelt.has(key)) continue;
      const form = describeSchema(properties[key] ?? {});
      const message = `\`${key}\` is missing${path.length === 0 ? '' : ` in ${pathText(path)}`}`;
      issues.push({ path, at: 'key', code: 'missing-key', message, remedy: `add \`${key}: …\` (${form})` });
    }
    const size = Object.keys(value).length;
    if (size < (node.minProperties ?? 0) || size > (node.maxProperties ?? Number.POSITIVE_INFINITY))
      issues.push(wrong(node, value, path));
    return issues;
  }

  private array(node: Node, value: readonly unknown[], path: Path): readonly Complaint[] {
    const items = node.items;
    const issues = value.flatMap((item, index) => {
      const inner = isTuple(items) ? items[index] : items;
      return inner === undefined ? [] : this.check(inner, item, [...path, index]);
    });
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = node;
    if (value.length < minItems || value.length > maxItems) {
      const wanted = value.length < minItems ? `at least ${minItems}` : `at most ${maxItems}`;
      const message = `${pathText(path)}: expected ${wanted} element${wanted.endsWith(' 1') ? '' : 's'}, found ${value.length}`;
      issues.push({ path, code: 'wrong-length', message, remedy: `write ${describeSchema(node)}` });
    }
    if (node.uniqueItems === true) {
      const second = value.findIndex((item, index) => value.indexOf(item) !== index);
      if (second >= 0)
        issues.push({
          path: [...path, second],
          code: 'repeated-value',
          message: `${pathText(path)}: ${show(value[second])} is listed twice`,
          remedy: 'keep one of the two',
        });
    }
    return issues;
  }

  private string(node: Node, value: string, path: Path): readonly Complaint[] {
    const fits =
      value.length >= (node.minLength ?? 0) &&
      value.length <= (node.maxLength ?? Number.POSITIVE_INFINITY) &&
      (node.pattern === undefined || new RegExp(node.pattern, 'u').test(value));
    if (fits) return [];
    const complaint = wrong(node, value, path);
    const slug = value
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '');
    const offered =
      slug !== value && slug !== '' && node.pattern !== undefined && new RegExp(node.pattern, 'u').test(slug);
    return [offered ? { ...complaint, remedy: `write \`${slug}\`` } : complaint];
  }

  private number(node: Node, value: number, path: Path): readonly Complaint[] {
    const fits =
      value >= (node.minimum ?? Number.NEGATIVE_INFINITY) &&
      value <= (node.maximum ?? Number.POSITIVE_INFINITY) &&
      value > (node.exclusiveMinimum ?? Number.NEGATIVE_INFINITY) &&
      value < (node.exclusiveMaximum ?? Number.POSITIVE_INFINITY) &&
      (node.multipleOf === undefined || value % node.multipleOf === 0);
    return fits ? [] : [wrong(node, value, path)];
  }
}

function isTuple(items: Node['items']): items is readonly Node[] {
  return Array.isArray(items);
}

function hasType(type: string, value: unknown): boolean {
  const kind = kindOf(value);
  return kind === type || (type === 'number' && kind === 'integer');
}

function own(value: unknown): Readonly<Record<string, unknown>> {
  return value as Readonly<Record<string, unknown>>; // hasType said so; read by Object.entries only
}

function unknownKey(key: string, known: readonly string[], path: Path): Complaint {
  const where = path.length > 1 ? ` in ${pathText(path.slice(0, -1))}` : '';
  return {
    path,
    at: 'key',
    code: 'unknown-key',
    message: `unknown key \`${key.slice(0, 60)}\`${where}; known: ${known.join(', ')}`,
    remedy: didYouMean(key, known) ?? 'remove it',
  };
}

function wrong(node: Node, value: unknown, path: Path): Complaint {
  const form = describeSchema(node);
  const where = path.length === 0 ? 'the file' : pathText(path);
  const scalar = typeof value === 'string' || typeof value === 'number';
  const wrapped = scalar && [node, ...(node.anyOf ?? [])].some((branch) => takesItem(branch, value));
  const remedy = wrapped ? `write \`[${String(value).slice(0, 60)}]\`` : `write ${form}`;
  return { path, code: 'wrong-value', message: `${where}: expected ${form}, found ${show(value)}`, remedy };
}

/** The author may have left out the brackets of a list of one. */
function takesItem(node: Node, value: unknown): boolean {
  if (node.type !== 'array' || node.items === undefined || isTuple(node.items)) return false;
  return new Walk().check(node.items, value, []).length === 0;
}

/** Unions inside unions are one union. */
function flatten(branches: readonly Node[]): readonly Node[] {
  return branches.flatMap((branch) =>
    branch.anyOf === undefined || branch.unit !== undefined ? [branch] : flatten(branch.anyOf),
  );
}

function isDuration(node: Node): boolean {
  return node.unit === 'duration' || node.pattern === DURATION_PATTERN;
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? `\`${words[0]}\`` : `one of ${words.slice(0, 40).join(', ')}`;
}
