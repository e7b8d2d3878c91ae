import { parse } from 'yaml';
import { ConfigError } from '../../core/errors.ts';
import type { RuleConfig } from './rule-schema.ts';

const MAX_LIST_VALUES = 10_000_000;

/** A rule set kept in a file of its own: `{ version, rules }`. */
export interface RuleSet {
  readonly version: string;
  readonly rules: readonly RuleConfig[];
}

/** Values of a list file: a JSON list, or one text a line (blank lines and lines that start with # left out). */
export function parseList(bytes: Uint8Array, file: string): ReadonlySet<unknown> {
  const text = decode(bytes, file);
  if (/^\s*\[/.test(text)) {
    const values: unknown = readJson(text, file);
    if (!Array.isArray(values)) throw wrongFile(file, 'expected a JSON list');
    return new Set(values);
  }
  const values = new Set<unknown>();
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end).trim();
    if (line !== '' && !line.startsWith('#')) values.add(line);
    if (values.size > MAX_LIST_VALUES) throw wrongFile(file, `more than ${MAX_LIST_VALUES} values`);
    at = end < 0 ? text.length : end + 1;
  }
  return values;
}

export function parseSchemaFile(bytes: Uint8Array, file: string): unknown {
  const text = decode(bytes, file);
  return file.endsWith('.json') ? readJson(text, file) : readYaml(text, file);
}

export function parseRuleSet(bytes: Uint8Array, file: string): RuleSet {
  const value = readYaml(decode(bytes, file), file);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrongFile(file, 'expected a map with version and rules');
  const { version, rules, ...rest } = value as Record<string, unknown>; // checked above
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw wrongFile(file, `unknown key '${unknown}': expected version and rules`);
  if (typeof version !== 'string' && typeof version !== 'number')
    throw wrongFile(file, 'expected a version, so that a run can say which rules it used');
  if (!Array.isArray(rules)) throw wrongFile(file, 'expected a list of rules');
  return { version: String(version), rules: rules as RuleConfig[] }; // judged by the schema next
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw wrongFile(file, 'expected UTF-8 text', cause);
  }
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrongFile(file, `not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function readYaml(text: string, file: string): unknown {
  try {
    return parse(text, { maxAliasCount: 100, schema: 'core', uniqueKeys: true });
  } catch (cause) {
    throw wrongFile(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

export function wrongFile(file: string, problem: string, cause?: unknown): ConfigError {
  return new ConfigError(`${file}: ${problem}`, { code: 'config-file', cause });
}
