import { parseDuration } from '../../core/units.ts';
import { instantOf } from './dates.ts';
import type { BoundConfig } from './rule-schema.ts';

/** A bound as the checks use it: a number, an instant, an offset from stream time, or another field. */
export type ParsedBound =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'instant'; readonly value: number }
  | { readonly kind: 'now'; readonly value: number }
  | { readonly kind: 'field'; readonly field: string };

export type Relation = 'min' | 'max' | 'above' | 'below';

/** Reads a bound; a sentence when it is none. */
export function parseBound(bound: BoundConfig): ParsedBound | string {
  if (typeof bound === 'number') return { kind: 'number', value: bound };
  if (typeof bound === 'object') return { kind: 'field', field: bound.field };
  if (/^now\b/.test(bound)) {
    const match = /^now\s*(?:([+-])\s*(\S+))?$/.exec(bound);
    const offset = match?.[2] === undefined ? 0 : parseDuration(match[2]);
    if (match === null || offset === undefined)
      return `'${bound}' is no time; write now, now-1d or now+30m with a unit of ms, s, m, h, d`;
    return { kind: 'now', value: match[1] === '-' ? -offset : offset };
  }
  const instant = instantOf(bound);
  if (!Number.isNaN(instant)) return { kind: 'instant', value: instant };
  const hint = /^[+-]?\d+(\.\d+)?$/.test(bound) ? ' (a number without quotes)' : '';
  return `'${bound}' is no bound; write a number, a date such as 2012-12-31, a date-time such as 2012-12-31T00:00:00Z, { field: name } or now-1d${hint}`;
}

export function holds(relation: Relation, value: number, bound: number): boolean {
  switch (relation) {
    case 'min':
      return value >= bound;
    case 'max':
      return value <= bound;
    case 'above':
      return value > bound;
    case 'below':
      return value < bound;
  }
}

/** Value against a constant bound; a value of another kind than the bound fails. NaN stream time: the bound does not apply. */
export function constantBound(
  relation: Relation,
  bound: Exclude<ParsedBound, { kind: 'field' }>,
): (value: unknown, time: number) => boolean {
  const limit = bound.value;
  if (bound.kind === 'number') return (value) => typeof value === 'number' && holds(relation, value, limit);
  if (bound.kind === 'instant') return (value) => typeof value === 'string' && holds(relation, instantOf(value), limit);
  return (value, time) => {
    if (typeof value !== 'string') return false;
    const instant = instantOf(value);
    return !Number.isNaN(instant) && (Number.isNaN(time) || holds(relation, instant, time + limit));
  };
}

/** Value against the value of another field: two numbers, or two texts that read as dates; anything else fails. */
export function fieldBound(relation: Relation, datesOnly: boolean): (value: unknown, other: unknown) => boolean {
  return (value, other) => {
    if (typeof value === 'number' && typeof other === 'number') return !datesOnly && holds(relation, value, other);
    if (typeof value !== 'string' || typeof other !== 'string') return false;
    return holds(relation, instantOf(value), instantOf(other)); // NaN compares false
  };
}

export const RELATION_WORDS: Readonly<Record<Relation, string>> = {
  min: 'at least',
  max: 'at most',
  above: 'above',
  below: 'below',
};
