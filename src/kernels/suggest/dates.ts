import { type DatePattern, datePattern } from '../clean/date-pattern.ts';
import type { StepConfig } from '../clean/step-schema.ts';

const MOSTLY = 0.95;
/** Values looked at; the formats of a field are few. */
const MAX_LOOKED_AT = 3000;
const DAYS = [
  'yyyy-MM-dd',
  'yyyy/MM/dd',
  'yyyy.MM.dd',
  'M/d/yyyy',
  'd/M/yyyy',
  'd.M.yyyy',
  'd-M-yyyy',
  'M-d-yyyy',
  'd MMM yyyy',
  'd-MMM-yyyy',
  'd-MMM-yy',
  'MMM d yyyy',
  'MMM d, yyyy',
  'd. MMM yyyy',
  'EEE, d MMM yyyy',
  'M/d/yy',
  'd.M.yy',
];
const TIMES = [
  '',
  ' H:mm',
  ' H:mm:ss',
  ' H:mm:ss.SSS',
  ' h:mm a',
  ' h:mm:ss a',
  "'T'H:mm:ss",
  "'T'H:mm:ssX",
  "'T'H:mm:ss.SSSX",
  ' H:mm:ss Z',
];
const MAYBE_DATE = /^(?=.*\d)[\p{L}\d\s.,:/+-]{6,40}$/u;

export interface DateReading {
  readonly steps: readonly StepConfig[];
  readonly why: readonly string[];
  /** Format of what comes out. */
  readonly format: 'date' | 'date-time';
}

let compiled: readonly DatePattern[] | undefined;

/** Every pattern that is known, days alone first. */
function patterns(): readonly DatePattern[] {
  compiled ??= TIMES.flatMap((time) => DAYS.map((day) => datePattern(day + time, { pivot: 70 })));
  return compiled;
}

/**
 * How texts of one field can be read as dates; undefined: they are something else. Of several formats each takes what the
 * ones before it do not read, the one that reads most first.
 */
export function readDates(values: readonly string[]): DateReading | undefined {
  const looked = values.slice(0, MAX_LOOKED_AT);
  if (looked.filter((text) => MAYBE_DATE.test(text)).length < MOSTLY * looked.length) return undefined;
  let rest = looked;
  const chosen: DatePattern[] = [];
  while (rest.length > ((1 - MOSTLY) * looked.length) / 5 && chosen.length < 6) {
    const best = mostReading(rest);
    if (best === undefined || best.count < Math.max(2, 0.002 * looked.length)) break;
    chosen.push(best.pattern);
    rest = rest.filter((text) => Number.isNaN(best.pattern.parse(text)));
  }
  if (chosen.length === 0 || rest.length > (1 - MOSTLY) * looked.length) return undefined;
  const format = chosen.some(({ hasTime }) => hasTime) ? 'date-time' : 'date';
  if (chosen.length === 1 && (chosen[0]!.text === 'yyyy-MM-dd' || chosen[0]!.text.startsWith("yyyy-MM-dd'T'")))
    return { steps: [], why: [], format };
  const why = [chosen.length === 1 ? 'dates in a format of their own' : `dates in ${chosen.length} formats`];
  if (chosen.some(({ text }) => /^[Md]\/[Md]\//.test(text)) && isAmbiguous(looked))
    why.push('day and month may be mixed up');
  return { steps: [{ 'parse-date': chosen.map(({ text }) => text) }], why, format };
}

function mostReading(texts: readonly string[]): { readonly pattern: DatePattern; readonly count: number } | undefined {
  let best: { pattern: DatePattern; count: number } | undefined;
  for (const pattern of patterns()) {
    let count = 0;
    for (const text of texts) if (!Number.isNaN(pattern.parse(text))) count++;
    if (count > (best?.count ?? 0)) best = { pattern, count };
  }
  return best;
}

/** No date has a number above 12 in either place. */
function isAmbiguous(texts: readonly string[]): boolean {
  return texts.every((text) => {
    const [a = 0, b = 0] = text.split('/').map(Number);
    return a <= 12 && b <= 12;
  });
}
