import { ConfigError } from '../../core/errors.ts';
import type { JudgedPair } from '../../kernels/near/advise.ts';
import type { NearPair } from '../../kernels/near/find-pairs.ts';

const SHOWN_CHARACTERS = 100;

/** Lines `{"a": 0, "b": 3, "same": true}`: numbers of records from 0, of the second file in `b` when there are two. */
export function parseJudgements(
  text: string,
  { pairs, second = 0 }: { readonly pairs: readonly NearPair[]; readonly second?: number | undefined },
): JudgedPair[] {
  const scores = new Map(pairs.map(({ a, b, score }) => [`${a} ${b}`, score]));
  const judged: JudgedPair[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const pair = parseLine(line);
    if (pair === undefined)
      throw new ConfigError(`line ${i + 1} of the judgements: expected {"a": 0, "b": 3, "same": true}`, {
        code: 'near-judgements',
      });
    const [a, b] = second > 0 ? [pair.a, pair.b + second] : [Math.min(pair.a, pair.b), Math.max(pair.a, pair.b)];
    const score = scores.get(`${a} ${b}`);
    if (score !== undefined) judged.push({ score, isSame: pair.same });
  }
  return judged;
}

function parseLine(line: string): { readonly a: number; readonly b: number; readonly same: boolean } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== 'object') return undefined;
  const { a, b, same } = value as { a?: unknown; b?: unknown; same?: unknown };
  return Number.isInteger(a) && Number.isInteger(b) && typeof same === 'boolean'
    ? { a: a as number, b: b as number, same } // just checked
    : undefined;
}

/** The pairs closest to the threshold on either side, as lines to judge. */
export function previewText(
  pairs: readonly NearPair[],
  options: {
    readonly threshold: number;
    readonly count: number;
    readonly textOf: (row: number) => string;
    readonly second: number | undefined;
  },
): string {
  const { threshold, count, textOf, second = 0 } = options;
  const above = pairs.filter(({ score }) => score >= threshold).slice(-count);
  const below = pairs.filter(({ score }) => score < threshold).slice(0, count);
  const show = ({ a, b, score }: NearPair): string =>
    `${score.toFixed(3)}  {"a": ${a}, "b": ${b - second}}\n       ${cut(textOf(a))}\n       ${cut(textOf(b))}\n`;
  return `${above.map(show).join('')}------ threshold ${threshold.toFixed(3)}\n${below.map(show).join('')}`;
}

function cut(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ');
  return line.length <= SHOWN_CHARACTERS ? line : `${line.slice(0, SHOWN_CHARACTERS)}…`;
}
