import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { type Issues, type Path, pathText } from './issues.ts';
import type { Node } from './shape-words.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface SecretSource {
  /** Undefined: references are left as they stand (lint on a machine without the secrets). */
  readonly env: Env | undefined;
  readonly folder: string;
}

const REFERENCE = /\$\{(env|file):([^}]*)\}/g;
/** A certificate chain is a few KiB. */
const MAX_SECRET_BYTES = 256 * 1024;
const MAX_DEPTH = 64;

/** The place of every `${env:…}` and `${file:…}` in a value. */
function references(value: unknown, path: Path): readonly Path[] {
  if (typeof value === 'string') return value.search(REFERENCE) >= 0 ? [path] : [];
  if (value === null || typeof value !== 'object' || path.length > MAX_DEPTH) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    references(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

/** Reports references outside the fields that may hold them. */
export function refuseReferences(
  value: unknown,
  path: Path,
  context: { readonly issues: Issues; readonly allowed: (path: Path) => boolean },
): void {
  for (const at of references(value, path)) {
    if (context.allowed(at)) continue;
    context.issues.add({
      path: at,
      code: 'secret-outside',
      message: `${pathText(at)}: found a reference to the environment or a file; expected one only in \`kafka:\` and in fields marked as secret`,
      remedy: 'write the value itself',
    });
  }
}

/** A copy with every reference replaced at the places allowed; what cannot be resolved is reported and left. */
export function resolveReferences<T>(
  value: T,
  path: Path,
  context: { readonly issues: Issues; readonly source: SecretSource; readonly allowed: (path: Path) => boolean },
): T {
  const { source, issues, allowed } = context;
  const walk = (inner: unknown, at: Path): unknown => {
    if (typeof inner === 'string') return allowed(at) ? replace(inner, at, source, issues) : inner;
    if (inner === null || typeof inner !== 'object' || at.length > MAX_DEPTH) return inner;
    if (Array.isArray(inner)) return inner.map((item, index) => walk(item, [...at, index]));
    return Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, walk(item, [...at, key])]));
  };
  return walk(value, path) as T; // same shape, texts replaced by texts
}

function replace(text: string, path: Path, source: SecretSource, issues: Issues): string {
  const { env, folder } = source;
  if (env === undefined) return text;
  return text.replace(REFERENCE, (reference: string, kind: string, name: string) => {
    const found = kind === 'env' ? readEnv(name, env) : readSecretFile(name, folder);
    if ('value' in found) return found.value;
    issues.add({ path, code: 'secret-missing', message: `${pathText(path)}: ${found.problem}`, remedy: found.remedy });
    return reference;
  });
}

type Found = { readonly value: string } | { readonly problem: string; readonly remedy: string };

function readEnv(name: string, env: Env): Found {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined) return { value };
  return {
    problem: `the environment variable ${name || '(no name)'} is not set`,
    remedy: `set ${name || 'a variable and name it'}`,
  };
}

/** Below the topology's folder after links are followed; one line break at the end is not part of a secret. */
function readSecretFile(name: string, folder: string): Found {
  try {
    const root = realpathSync(folder);
    const path = realpathSync(isAbsolute(name) ? name : join(root, name));
    const inside = relative(root, path);
    if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
      return {
        problem: `the file ${name} is outside the topology's folder`,
        remedy: 'put it below the folder of the topology',
      };
    const { size } = statSync(path);
    if (size > MAX_SECRET_BYTES)
      return { problem: `the file ${name} has ${size} bytes`, remedy: 'a secret has at most 256 KiB' };
    return { value: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return {
      problem: `the file ${name} cannot be read (${code})`,
      remedy: 'name a file below the folder of the topology',
    };
  }
}

/** Whether a schema marks the value at `path` (relative) as secret, in any branch. */
export function isSecret(schema: Node, path: Path): boolean {
  if (schema.secret === true) return true;
  const branches = [...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  if (branches.some((branch) => isSecret(branch, path))) return true;
  const [head, ...rest] = path;
  if (head === undefined) return false;
  return children(schema, head).some((child) => isSecret(child, rest));
}

function children(schema: Node, key: string | number): readonly Node[] {
  if (typeof key === 'number') {
    const items = schema.items;
    if (items === undefined) return [];
    const list = items as readonly Node[]; // Array.isArray does not narrow readonly arrays
    return Array.isArray(items) ? list.slice(key, key + 1) : [items as Node]; // as above
  }
  const properties = schema.properties ?? {};
  if (Object.hasOwn(properties, key)) return [properties[key]!];
  const { additionalProperties } = schema;
  return [
    ...Object.values(schema.patternProperties ?? {}),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
}
