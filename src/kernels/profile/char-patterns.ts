/** Forms kept; what comes after so many others is only counted. */
const MAX_FORMS = 64;
/** Longer texts are free text: no form says anything about them. */
const MAX_CHARS = 60;
const MAX_RUNS = 20;

/** Runs of one class: `9` digits, `A` large letters, `a` small ones; anything else stands for itself. */
export interface Form {
  /** One character a run. */
  readonly shape: string;
  count: number;
  /** Length of each run, shortest and longest seen. */
  readonly shortest: number[];
  readonly longest: number[];
}

export type SavedForm = readonly [
  shape: string,
  count: number,
  shortest: readonly number[],
  longest: readonly number[],
];

/**
 * Which forms the texts of a field have, by classes of characters.
 *
 * Idea: a text becomes the sequence of its runs (digits, large, small letters, every other character by itself); texts
 * of one sequence are one form, which remembers how long each run was. `CA-12` and `NY-7` are both `A-9`.
 * In: texts. Merging adds. Bounds: 64 forms; `others` counts texts of further forms, of more than 60 characters or 20 runs.
 * Cost: one pass over the text and one map lookup.
 *
 * Example: after `add('CA-12')`, `add('NY-7')` the only form has the pattern `^[A-Z]{2}-[0-9]{1,2}$`.
 *
 * Source: Raman & Hellerstein 2001, "Potter's Wheel" (structure inference); here one level, in one pass.
 */
export class CharPatterns {
  n = 0;
  others = 0;
  private readonly forms = new Map<string, Form>();

  add(text: string): void {
    this.addRuns(formOf(text));
  }

  /** A text by its form (formOf). */
  addRuns(runs: Runs | undefined): void {
    this.n++;
    if (runs === undefined) {
      this.others++;
      return;
    }
    this.put(runs.shape, 1, runs.lengths, runs.lengths);
  }

  /** Most frequent first; ties in order of the shape. */
  top(limit: number): readonly Form[] {
    return [...this.forms.values()].sort((a, b) => b.count - a.count || (a.shape < b.shape ? -1 : 1)).slice(0, limit);
  }

  merge(other: CharPatterns): void {
    this.n += other.n;
    this.others += other.others;
    for (const { shape, count, shortest, longest } of other.forms.values()) this.put(shape, count, shortest, longest);
  }

  get bytes(): number {
    return this.forms.size * 200;
  }

  save(): readonly [number, number, readonly SavedForm[]] {
    return [
      this.n,
      this.others,
      [...this.forms.values()].map(({ shape, count, shortest, longest }) => [shape, count, shortest, longest]),
    ];
  }

  load([n, others, forms]: readonly [number, number, readonly SavedForm[]]): void {
    this.n = n;
    this.others = others;
    for (const [shape, count, shortest, longest] of forms) this.put(shape, count, shortest, longest);
  }

  private put(shape: string, count: number, shortest: readonly number[], longest: readonly number[]): void {
    const known = this.forms.get(shape);
    if (known === undefined) {
      if (this.forms.size >= MAX_FORMS) this.others += count;
      else this.forms.set(shape, { shape, count, shortest: [...shortest], longest: [...longest] });
      return;
    }
    known.count += count;
    for (let i = 0; i < known.shortest.length; i++) {
      known.shortest[i] = Math.min(known.shortest[i]!, shortest[i]!);
      known.longest[i] = Math.max(known.longest[i]!, longest[i]!);
    }
  }
}

/** The runs of a text by class and length. */
export interface Runs {
  readonly shape: string;
  readonly lengths: readonly number[];
}

/** Undefined for free text, of which no form says anything. */
export function formOf(text: string): Runs | undefined {
  if (text.length > MAX_CHARS) return undefined;
  let shape = '';
  const lengths: number[] = [];
  let last = '';
  for (const char of text) {
    const kind = classOf(char);
    if (kind === last) lengths[lengths.length - 1]!++;
    else {
      if (lengths.length === MAX_RUNS) return undefined;
      shape += kind;
      lengths.push(1);
      last = kind;
    }
  }
  return { shape, lengths };
}

function classOf(char: string): string {
  if (char < '\u0080') {
    if (char >= 'a' && char <= 'z') return 'a';
    if (char >= 'A' && char <= 'Z') return 'A';
    return char >= '0' && char <= '9' ? '9' : char;
  }
  if (/\p{Lu}/u.test(char)) return 'A';
  return /\p{L}/u.test(char) ? 'a' : char;
}

/** A regular expression for a form, anchored. Letters beyond ASCII are meant too. */
export function patternOf({ shape, shortest, longest }: Form): string {
  let pattern = '^';
  [...shape].forEach((kind, i) => {
    const [least, most] = [shortest[i]!, longest[i]!];
    const times = least === most ? (least === 1 ? '' : `{${least}}`) : `{${least},${most}}`;
    pattern += (CLASSES[kind] ?? kind.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')) + times;
  });
  return `${pattern}$`;
}

const CLASSES: Readonly<Record<string, string>> = { '9': '[0-9]', A: '\\p{Lu}', a: '\\p{L}' };
