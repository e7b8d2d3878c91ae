import { editDistance } from '../../repair/spelling.ts';
import { parseBound } from '../bounds.ts';
import { instantOf } from '../dates.ts';
import type { BoundConfig, RuleConfig } from '../rule-schema.ts';
import { nearestMatch } from './nearest-match.ts';
import { type Automaton, patternAutomaton } from './pattern-automaton.ts';

/** What taking a value out costs: more than any change of it. */
export const REMOVAL_COST = 10;
/** A value of another type is further than any of the same. */
const TYPE_COST = 2;
const DAY_MS = 86_400_000;
/** Beside a number that is no whole one: small, and no noise of the last digit. */
const FINE_STEP = 2 ** -30;
/** Of a long list of allowed values, so many of the nearest are tried. */
const MAX_LISTED = 16;
const MAX_COMPARED_CHARS = 256;

/** What a rule says of the values of one field, ready to make values from. */
export interface FieldHints {
  readonly rules: readonly RuleConfig[];
  readonly lists: readonly ReadonlySet<unknown>[];
  readonly automata: readonly Automaton[];
  /** Literals of expressions that read the field. */
  readonly literals: readonly unknown[];
  readonly isInteger: boolean;
}

export function fieldHints(
  rules: readonly RuleConfig[],
  list: (file: string) => ReadonlySet<unknown>,
  literals: readonly unknown[],
): FieldHints {
  const patterns = rules.flatMap(({ pattern }) => (pattern === undefined ? [] : [pattern]));
  return {
    rules,
    literals,
    lists: rules.flatMap(({ in: allowed }) =>
      allowed === undefined ? [] : [Array.isArray(allowed) ? new Set<unknown>(allowed) : list(allowed.file)],
    ),
    automata: patterns.flatMap((pattern) => patternAutomaton(pattern) ?? []),
    isInteger: rules.some(({ type, multipleOf }) => type === 'integer' || Number.isInteger(multipleOf)),
  };
}

/**
 * Values a field might be given so that its rules pass, the nearest first: bounds, the nearest allowed values, the
 * nearest text of a pattern, the same value in another type, what fields it is compared with have; last of all none.
 * `around`: values of the fields it is compared with. `time`: stream time.
 */
export function candidateValues(
  hints: FieldHints,
  { value, around, time }: { readonly value: unknown; readonly around: readonly unknown[]; readonly time: number },
): readonly { readonly value: unknown; readonly cost: number }[] {
  const found = new Set<unknown>();
  for (const rule of hints.rules) {
    for (const bound of boundValues(rule, value, time)) found.add(bound);
    if (rule.equals !== undefined && typeof rule.equals !== 'object') found.add(rule.equals);
    for (const text of lengthValues(rule, value)) found.add(text);
  }
  for (const literal of hints.literals) for (const near of neighbors(literal, hints.isInteger)) found.add(near);
  for (const sum of sums(hints.literals, around)) found.add(sum);
  for (const other of around) for (const near of neighbors(other, hints.isInteger)) found.add(near);
  for (const list of hints.lists) for (const near of nearestOf(list, value)) found.add(near);
  for (const other of otherForms(value)) found.add(other);
  for (const text of [...found, value])
    if (typeof text === 'string')
      for (const automaton of hints.automata) {
        const near = nearestMatch(text, automaton);
        if (near !== undefined) found.add(near);
      }
  for (const number of [...found, value]) for (const near of multiples(hints.rules, number)) found.add(near);
  found.delete(value);
  found.delete(undefined);
  const ranked = [...found].map((candidate) => ({ value: candidate, cost: distance(value, candidate) }));
  ranked.push({ value: undefined, cost: REMOVAL_COST });
  return ranked.sort((a, b) => a.cost - b.cost);
}

function boundValues(rule: RuleConfig, value: unknown, time: number): unknown[] {
  const bounds: (BoundConfig | undefined)[] = [rule.min, rule.max, rule.above, rule.below, rule.before, rule.after];
  return [...bounds, ...(rule.between ?? [])].flatMap((bound) => {
    const parsed = bound === undefined ? undefined : parseBound(bound);
    if (parsed === undefined || typeof parsed === 'string' || parsed.kind === 'field') return [];
    if (parsed.kind === 'number') return neighbors(parsed.value, Number.isInteger(value));
    const instant = parsed.kind === 'now' ? time + parsed.value : parsed.value;
    return Number.isNaN(instant) ? [] : datesAround(instant, value);
  });
}

/** What is left of a literal beside another field: `a + b <= 10`. */
function sums(literals: readonly unknown[], around: readonly unknown[]): number[] {
  const found: number[] = [];
  for (const literal of literals)
    for (const other of around)
      if (typeof literal === 'number' && typeof other === 'number')
        found.push(literal - other, literal + other, other - literal);
  return found;
}

/** A value and what lies just beside it: a bound may not be included. */
function neighbors(value: unknown, isInteger: boolean): unknown[] {
  if (typeof value === 'number') {
    if (isInteger || Number.isInteger(value)) return [value, value - 1, value + 1, value - 2, value + 2];
    const fine = Math.max(Math.abs(value), 1) * FINE_STEP;
    return [value, value - fine, value + fine];
  }
  if (typeof value !== 'string') return typeof value === 'boolean' ? [value, !value] : [];
  const instant = instantOf(value);
  return Number.isNaN(instant) ? [value] : [value, ...datesAround(instant, value)];
}

/** The instant, a day (or for date-times a second) before and after, written like the value. */
function datesAround(instant: number, like: unknown): string[] {
  const isDay = typeof like !== 'string' || like.length <= 10;
  const step = isDay ? DAY_MS : 1000;
  return [instant, instant - step, instant + step].flatMap((at) => {
    if (Math.abs(at) > 8.64e15) return [];
    const text = new Date(at).toISOString();
    return isDay ? [text.slice(0, 10)] : [text.replace('.000Z', 'Z')];
  });
}

function lengthValues({ length }: RuleConfig, value: unknown): unknown[] {
  if (length === undefined || typeof value !== 'string') return [];
  return length.max === undefined ? [] : [[...value.slice(0, 2 * length.max + 2)].slice(0, length.max).join('')];
}

function nearestOf(list: ReadonlySet<unknown>, value: unknown): readonly unknown[] {
  if (list.size <= MAX_LISTED) return [...list];
  const ranked: { value: unknown; cost: number }[] = [];
  for (const candidate of list) ranked.push({ value: candidate, cost: distance(value, candidate) });
  return ranked
    .sort((a, b) => a.cost - b.cost)
    .slice(0, MAX_LISTED)
    .map((entry) => entry.value);
}

/** The same value as another type writes it. */
function otherForms(value: unknown): unknown[] {
  if (typeof value === 'number' || typeof value === 'boolean')
    return [String(value), ...(typeof value === 'number' ? [Math.round(value)] : [])];
  if (typeof value !== 'string') return [];
  const text = value.trim();
  const forms: unknown[] = [text];
  const number = Number(text.replace(/[\s,$€£%]/g, ''));
  if (text !== '' && Number.isFinite(number)) forms.push(number, Math.round(number));
  if (/^(true|yes)$/i.test(text)) forms.push(true);
  if (/^(false|no)$/i.test(text)) forms.push(false);
  const instant = Date.parse(text);
  if (!Number.isNaN(instant) && /\d{4}/.test(text)) forms.push(new Date(instant).toISOString().slice(0, 10));
  return forms;
}

function multiples(rules: readonly RuleConfig[], value: unknown): number[] {
  if (typeof value !== 'number') return [];
  return rules.flatMap(({ multipleOf }) =>
    multipleOf === undefined
      ? []
      : [Math.floor(value / multipleOf) * multipleOf, Math.ceil(value / multipleOf) * multipleOf],
  );
}

/** 0 to 1 within a type, more across types. */
function distance(from: unknown, to: unknown): number {
  if (typeof from === 'string' && typeof to === 'number')
    return TYPE_COST + (Number(from) === to ? 0 : distance(Number(from), to));
  if (typeof from !== typeof to || from === null) return TYPE_COST;
  if (typeof from === 'number' && typeof to === 'number') {
    const scale = Math.abs(from) + Math.abs(to);
    return scale === 0 ? 0 : Math.abs(from - to) / scale || 0;
  }
  if (typeof from !== 'string' || typeof to !== 'string') return 1;
  const a = from.slice(0, MAX_COMPARED_CHARS);
  const b = to.slice(0, MAX_COMPARED_CHARS);
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 0 : editDistance(a, b, longest) / longest;
}
