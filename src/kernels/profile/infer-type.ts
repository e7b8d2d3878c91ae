import type { TextFormat, ValueKinds } from '../sketch/value-kinds.ts';

/** A type holds when at least this share of the values has it. */
const MOSTLY = 0.95;

export interface InferredType {
  /** integer, number, boolean, list, object, text, or the format of the texts; `mixed` when none holds, `empty` without values. */
  readonly type: string;
  /** The values are texts of that type. */
  readonly asText: boolean;
  /** Share of the values (not null) that have it, 0 to 1. */
  readonly share: number;
}

const FORMATS = [
  'boolean',
  'date',
  'date-time',
  'time',
  'uuid',
  'email',
  'ipv4',
  'ipv6',
  'uri',
] as const satisfies readonly TextFormat[];

/** The narrowest type that at least 95 of 100 values have. */
export function inferType(kinds: ValueKinds): InferredType {
  const n = kinds.n - kinds.nulls;
  if (n === 0) return { type: 'empty', asText: false, share: 1 };
  const blank = kinds.format('empty') + kinds.format('blank');
  const integers = kinds.type('integer');
  const numbers = integers + kinds.type('decimal');
  const texts = kinds.type('text');
  const filled = Math.max(1, texts - blank);
  const candidates: [type: string, asText: boolean, count: number, of: number][] = [
    ['integer', false, integers, n],
    ['number', false, numbers, n],
    ['boolean', false, kinds.type('boolean'), n],
    ['list', false, kinds.type('list'), n],
    ['object', false, kinds.type('object'), n],
  ];
  if (texts >= MOSTLY * n) {
    const whole = kinds.format('integer');
    candidates.push(['integer', true, whole, filled], ['number', true, whole + kinds.format('decimal'), filled]);
    for (const format of FORMATS) candidates.push([format, true, kinds.format(format), filled]);
    candidates.push(['text', true, texts, n]);
  }
  const [type, asText, count, of] = candidates.find(([, , count, of]) => count >= MOSTLY * of && count > 0) ?? [
    'mixed',
    false,
    n,
    n,
  ];
  return { type, asText, share: Math.min(1, count / of) };
}
