interface EmptyRun {
  readonly start: number;
  readonly end: number;
  readonly windows: number;
}

/**
 * Which windows of time had no record: those between the ends of windows that had some, and those that stream time has
 * passed since. A run of empty windows that becomes known at once is told once. Ends are multiples of `every`.
 */
export class WindowClock {
  private readonly every: number;
  private readonly empty: (run: EmptyRun) => void;
  /** End of the first window there was, and of the next one to close; NaN before the first record. */
  private first = Number.NaN;
  private next = Number.NaN;

  constructor(options: { readonly every: number; readonly empty: (run: EmptyRun) => void }) {
    this.every = options.every;
    this.empty = options.empty;
  }

  /** A record stands in a window that ends here. */
  observe(end: number): void {
    if (!Number.isNaN(this.first)) return;
    this.first = end;
    this.next = end;
  }

  /** A window with records is about to close. */
  closing(end: number): void {
    this.emptyUpTo(end - this.every);
    if (!(this.next > end)) this.next = end + this.every;
  }

  /** Every window that ends here or before has closed. */
  emptyUpTo(horizon: number): void {
    const { every, next } = this;
    if (!(next <= horizon)) return;
    const windows = Math.floor((horizon - next) / every) + 1;
    this.next = next + windows * every;
    this.empty({ start: next - every, end: next + (windows - 1) * every, windows });
  }

  /** Whether it was the first: the input may have begun in the middle of it. */
  isFirst(end: number): boolean {
    return end <= this.first;
  }

  save(): readonly [number | null, number | null] {
    return [Number.isNaN(this.first) ? null : this.first, Number.isNaN(this.next) ? null : this.next];
  }

  load([first, next]: readonly [number | null, number | null]): void {
    this.first = first ?? Number.NaN;
    this.next = next ?? Number.NaN;
  }
}
