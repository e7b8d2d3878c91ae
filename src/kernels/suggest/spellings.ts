import type { StepConfig } from '../clean/step-schema.ts';
import { countsOf } from './column.ts';

/** Fields with more names than this are no lists of names. */
const MAX_NAMES = 100;
const MIN_REPEATS = 5;

export interface TextReading {
  readonly steps: readonly StepConfig[];
  readonly why: readonly string[];
}

/** What makes spellings of one text equal: blanks around and between, and large and small letters in lists of names. */
export function readTexts(values: readonly string[]): TextReading {
  const steps: StepConfig[] = [];
  const why: string[] = [];
  if (values.some((text) => text !== text.trim())) {
    steps.push('trim');
    why.push('blanks around texts');
  }
  if (values.some((text) => /\S\s\s+\S/.test(text) && text.length < 200)) {
    steps.push('collapse-whitespace');
    why.push('runs of blanks');
  }
  const map = caseVariants(values.map((text) => text.trim().replace(/\s+/g, ' ')));
  if (map !== undefined) {
    steps.push({ map });
    why.push('names that differ in large and small letters alone');
  }
  return { steps, why };
}

/** Rare spellings to the most frequent one, where few names come again and again. */
function caseVariants(values: readonly string[]): Readonly<Record<string, string>> | undefined {
  const names = countsOf(values);
  const groups = new Map<string, string>();
  const map: Record<string, string> = Object.create(null);
  for (const [name] of names) {
    const folded = name.toLowerCase();
    const main = groups.get(folded);
    if (main === undefined) groups.set(folded, name);
    else map[name] = main;
    if (groups.size > MAX_NAMES) return undefined;
  }
  if (values.length < MIN_REPEATS * groups.size) return undefined;
  return Object.keys(map).length === 0 ? undefined : { ...map };
}
