import { ConfigError } from '../core/errors.ts';

/** What a gate looks at: counts by fate (and `in`), and findings by rule. */
export interface GateInput {
  readonly counts: Readonly<Record<string, number>>;
  readonly rules: Readonly<Record<string, number>>;
}

export interface Gate {
  readonly text: string;
  /** Undefined when the gate holds, else a sentence with the figure. */
  violation(input: GateInput): string | undefined;
}

const COUNTS = ['in', 'curated', 'routed', 'quarantined', 'duplicate', 'late', 'merged', 'held', 'dropped'];

/** `quarantined > 1%`, `curated < 1000`, `rule:<name>`, `rule:<name> > 10`. A share is of the records read. */
export function parseGate(text: string): Gate {
  const match = /^\s*(rule:[^\s<>=]+|[a-z]+)\s*(?:(>=|<=|>|<)\s*(\d+(?:\.\d+)?)\s*(%?))?\s*$/.exec(text);
  const subject = match?.[1] ?? '';
  const isRule = subject.startsWith('rule:');
  if (match === null || (!isRule && (!COUNTS.includes(subject) || match[2] === undefined))) {
    throw new ConfigError(
      `--fail-on ${JSON.stringify(text)}: expected '<count> > <number or percent>' with a count of ${COUNTS.join(', ')}, or rule:<name>, as in --fail-on 'quarantined > 1%'`,
      { code: 'gate' },
    );
  }
  const operator = match[2] ?? '>';
  const bound = Number(match[3] ?? 0);
  const percent = match[4] === '%';
  return {
    text,
    violation(input) {
      const count = (isRule ? input.rules[subject.slice(5)] : input.counts[subject]) ?? 0;
      const total = input.counts.in ?? 0;
      const value = percent ? (total === 0 ? 0 : (100 * count) / total) : count;
      if (!compare(value, operator, bound)) return undefined;
      const shown = percent ? `${count} of ${total} (${value.toFixed(2)} %)` : String(count);
      return `gate '${text}' is violated: ${subject} is ${shown}`;
    },
  };
}

function compare(value: number, operator: string, bound: number): boolean {
  switch (operator) {
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '<':
      return value < bound;
    default:
      return value <= bound;
  }
}
