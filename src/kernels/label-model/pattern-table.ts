/**
 * How often each combination of rule answers was seen: all the label model needs of the stream.
 *
 * A pattern is a text of one character a rule (the label's code, `-` for silence as the first character below). Bounded:
 * at the bound the counts are halved and those below one half are dropped, so old combinations fade first.
 */
export class PatternTable {
  private readonly counts = new Map<string, number>();
  private readonly max: number;
  /** Records counted, after fading. */
  total = 0;

  constructor(max: number) {
    this.max = max;
  }

  get size(): number {
    return this.counts.size;
  }

  add(pattern: string): void {
    const count = this.counts.get(pattern);
    if (count === undefined && this.counts.size >= this.max) this.fade();
    this.counts.set(pattern, (count ?? 0) + 1);
    this.total++;
  }

  entries(): IterableIterator<[string, number]> {
    return this.counts.entries();
  }

  save(): [string, number][] {
    return [...this.counts];
  }

  load(entries: readonly (readonly [string, number])[]): void {
    for (const [pattern, count] of entries) {
      this.counts.set(pattern, count);
      this.total += count;
    }
  }

  private fade(): void {
    while (this.counts.size >= this.max) {
      this.total = 0;
      for (const [pattern, count] of this.counts) {
        const half = count / 2;
        if (half < 1) this.counts.delete(pattern);
        else {
          this.counts.set(pattern, half);
          this.total += half;
        }
      }
    }
  }
}

/** Code of silence in a list of answers. */
export const SILENT = -1;
const BASE = 40;

/** Answers (label codes, SILENT) as text: one character a rule. */
export function patternOf(answers: Int16Array): string {
  let text = '';
  for (let r = 0; r < answers.length; r++) text += String.fromCharCode(BASE + answers[r]! + 1);
  return text;
}

export function answerAt(pattern: string, rule: number): number {
  return pattern.charCodeAt(rule) - BASE - 1;
}
