import type { WorkRequest } from '../../core/shared-work.ts';
import { celWork } from '../cel/shared.ts';
import { checksOf, type FlatRule } from './compile-rules.ts';
import type { RuleConfig } from './rule-schema.ts';

/** Keys of a rule that name it or say what follows from it: they do not change what it finds. */
const NAMING: ReadonlySet<string> = new Set([
  'name',
  'severity',
  'dimension',
  'message',
  'suggestion',
  'shadow',
  'when',
  'rules',
  'examples',
]);

/** Checks of these rules other steps may ask for too. Bounds that move with time are a step's own: each has its clock. */
export function checkWork(rules: readonly FlatRule[]): WorkRequest[] {
  return rules.flatMap(({ rule }) =>
    checksOf(rule).flatMap((kind) => {
      if (kind === 'cel') return celWork([rule.cel ?? '']);
      const key = checkKey(rule, kind);
      return key === undefined ? [] : [{ key, what: wordsOf(rule, kind), reads: readsOf(rule, kind) }];
    }),
  );
}

/** One key for checks that find the same; undefined when the time has a part in it. Expressions are shared for themselves. */
export function checkKey(rule: RuleConfig, kind: string): string | undefined {
  if (kind === 'cel') return undefined;
  const own = checksOf(rule);
  const rest = Object.entries(rule)
    .filter(([name]) => !NAMING.has(name) && (name === kind || !own.includes(name)))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify(rest);
  return /"now/.test(text) ? undefined : `check ${kind} ${text}`;
}

function wordsOf(rule: RuleConfig, kind: string): string {
  const value = (rule as Readonly<Record<string, unknown>>)[kind]; // one of its own keys
  const text = JSON.stringify(value);
  return `${rule.field ?? 'record'} ${kind} ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`;
}

function readsOf(rule: RuleConfig, kind: string): string[] {
  const value = (rule as Readonly<Record<string, unknown>>)[kind]; // one of its own keys
  const bounds = (Array.isArray(value) ? value : [value]).flatMap((bound) =>
    bound !== null && typeof bound === 'object' && typeof bound.field === 'string' ? [bound.field as string] : [],
  );
  const listed = ['oneOf', 'anyOf', 'allOrNone'].includes(kind) && Array.isArray(value) ? value.map(String) : [];
  const own = rule.field ?? (listed.length === 0 ? '' : undefined);
  return [...(own === undefined ? [] : [own]), ...bounds, ...listed];
}
