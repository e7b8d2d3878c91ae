/** Sizes in the unit of the positions: milliseconds of event time, or records. */
export type WindowSpec =
  | { readonly kind: 'tumbling'; readonly size: number }
  | { readonly kind: 'sliding'; readonly size: number; readonly every: number }
  | { readonly kind: 'session'; readonly gap: number };

/** [start, end); a session ends `gap` after its last record. */
export interface Window<A> {
  readonly start: number;
  readonly end: number;
  readonly value: A;
  readonly records: number;
}

export interface WindowOptions<A> {
  readonly spec: WindowSpec;
  /** How far behind now a window may still take records, in the unit of the positions; 0 for windows of records. */
  readonly lateness: number;
  /** An empty aggregate. */
  create(): A;
  /** Sessions only: a record that lies between two sessions makes them one; gives the aggregate of both. */
  merge?(earlier: A, later: A): A;
  /** Called once a window, in the order of (end, start), when it takes no more records. */
  close(window: Window<A>): void;
  /** More open windows than this: the one that ends first closes early and counts as `evicted`. Default 10,000. */
  readonly maxOpen?: number;
}

export interface SavedWindows {
  readonly now: number | null;
  readonly late: number;
  readonly evicted: number;
  readonly closedBefore: number | null;
  readonly open: readonly (readonly [start: number, end: number, records: number, value: unknown])[];
}

interface OpenWindow<A> {
  start: number;
  end: number;
  value: A;
  records: number;
}

const DEFAULT_MAX_OPEN = 10_000;
/** A record of a sliding window may stand in at most this many windows. */
export const MAX_OVERLAP = 1000;

/**
 * Tumbling, sliding and session windows over positions: event times in milliseconds, or numbers of records.
 *
 * Idea: a window is open from its first record until now passes its end by `lateness`. For each record call
 * `advance(now)`, which closes what is over, and then `add(position, update)`; at the end of the input `flush()`.
 * now is the stream time at the record, or for windows of records its number, which then is the position too.
 * Results depend on the sequence of these calls alone, not on how the input was cut into batches.
 *
 * Windows start at multiples of their size (sliding: of `every`). Two records share a session when less than `gap`
 * lies between them. A record whose windows have all closed is late: counted in `late`, added nowhere. NaN as position
 * (no event time) counts as late too; NaN as now (no clock yet) closes nothing.
 * Errors: RangeError for a size, step or gap that is not positive, or for more than 1,000 windows a record.
 * Cost: log of the open windows a record and window; memory follows the open windows, at most `maxOpen`.
 *
 * Example: size 10, lateness 0, positions 1, 9, 12 with now equal to them: at 12 the window [0, 10) closes with 2 records.
 *
 * Source: Akidau et al., "The Dataflow Model" 2015, sections 2.2 and 2.3 (windows, triggers by watermark).
 */
export class Windows<A> {
  /** Records that came after all their windows had closed. */
  late = 0;
  /** Windows that closed early because too many were open. */
  evicted = 0;
  private readonly options: WindowOptions<A>;
  private readonly maxOpen: number;
  /** Sorted by (end, start). */
  private readonly open: OpenWindow<A>[] = [];
  private now = Number.NEGATIVE_INFINITY;
  /** Windows with an end up to here were closed early: they must not open again. */
  private closedBefore = Number.NEGATIVE_INFINITY;

  constructor(options: WindowOptions<A>) {
    checkSpec(options.spec);
    this.options = options;
    this.maxOpen = options.maxOpen ?? DEFAULT_MAX_OPEN;
  }

  get openCount(): number {
    return this.open.length;
  }

  /** Aggregates of the open windows, by their end. */
  *values(): Generator<A> {
    for (const { value } of this.open) yield value;
  }

  /** Position from which on a window that ends there is closed. */
  private get horizon(): number {
    return Math.max(this.now - this.options.lateness, this.closedBefore);
  }

  /** Closes every window that ended at least `lateness` before `now`. now never falls: a smaller one is ignored. */
  advance(now: number): void {
    if (!(now > this.now)) return;
    this.now = now;
    const { horizon } = this;
    while (this.open.length > 0 && this.open[0]!.end <= horizon) this.closeFirst();
  }

  /** Adds a record to its open windows. False: it was late. */
  add(position: number, update: (value: A) => A): boolean {
    const { spec } = this.options;
    let added = 0;
    if (Number.isFinite(position)) {
      if (spec.kind === 'session') added = this.addToSession(position, spec.gap, update);
      else {
        const every = spec.kind === 'sliding' ? spec.every : spec.size;
        const last = Math.floor(position / every) * every;
        for (let start = last; start + spec.size > position; start -= every)
          added += this.addToWindow(start, start + spec.size, update);
      }
    }
    if (added === 0) this.late++;
    while (this.open.length > this.maxOpen) this.evict();
    return added > 0;
  }

  /** The end of the input closes every window. */
  flush(): void {
    while (this.open.length > 0) {
      this.closedBefore = Math.max(this.closedBefore, this.open[0]!.end);
      this.closeFirst();
    }
  }

  /** `encode` turns an aggregate into JSON. */
  save(encode: (value: A) => unknown): SavedWindows {
    return {
      now: finiteOrNull(this.now),
      closedBefore: finiteOrNull(this.closedBefore),
      late: this.late,
      evicted: this.evicted,
      open: this.open.map(({ start, end, records, value }) => [start, end, records, encode(value)]),
    };
  }

  restore(saved: SavedWindows, decode: (json: unknown) => A): void {
    this.now = saved.now ?? Number.NEGATIVE_INFINITY;
    this.closedBefore = saved.closedBefore ?? Number.NEGATIVE_INFINITY;
    this.late = saved.late;
    this.evicted = saved.evicted;
    this.open.length = 0;
    for (const [start, end, records, json] of saved.open) this.open.push({ start, end, records, value: decode(json) });
  }

  private addToWindow(start: number, end: number, update: (value: A) => A): number {
    if (end <= this.horizon) return 0;
    const at = this.placeOf(start, end);
    let window = this.open[at];
    if (window === undefined || window.start !== start || window.end !== end) {
      window = { start, end, value: this.options.create(), records: 0 };
      this.open.splice(at, 0, window);
    }
    window.value = update(window.value);
    window.records++;
    return 1;
  }

  private addToSession(position: number, gap: number, update: (value: A) => A): number {
    // Sessions do not overlap, so the order of ends is the order of starts: those that meet [position, +gap) stand together.
    let first = this.open.length;
    while (first > 0 && this.open[first - 1]!.end > position) first--;
    let after = first;
    while (after < this.open.length && this.open[after]!.start < position + gap) after++;
    if (after === first && position + gap <= this.horizon) return 0;
    const met = this.open.splice(first, after - first);
    const joined = met.reduce((a, b) => this.join(a, b), met[0]) ?? {
      start: position,
      end: position + gap,
      value: this.options.create(),
      records: 0,
    };
    joined.start = Math.min(joined.start, position);
    joined.end = Math.max(joined.end, position + gap);
    joined.value = update(joined.value);
    joined.records++;
    this.open.splice(first, 0, joined);
    return 1;
  }

  private join(earlier: OpenWindow<A> | undefined, later: OpenWindow<A>): OpenWindow<A> {
    if (earlier === undefined || earlier === later) return later;
    if (this.options.merge === undefined) throw new TypeError('session windows need merge()');
    const value = this.options.merge(earlier.value, later.value);
    return { start: earlier.start, end: later.end, value, records: earlier.records + later.records };
  }

  /** Closes the window that ends first, before its time: its owner has no room. */
  evict(): void {
    if (this.open.length === 0) return;
    this.closedBefore = Math.max(this.closedBefore, this.open[0]!.end);
    this.evicted++;
    this.closeFirst();
  }

  private closeFirst(): void {
    const { start, end, value, records } = this.open.shift()!;
    this.options.close({ start, end, value, records });
  }

  /** First place whose window is not before (end, start). */
  private placeOf(start: number, end: number): number {
    let low = 0;
    let high = this.open.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const window = this.open[middle]!;
      if (window.end < end || (window.end === end && window.start < start)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function checkSpec(spec: WindowSpec): void {
  const sizes = spec.kind === 'session' ? [spec.gap] : spec.kind === 'sliding' ? [spec.size, spec.every] : [spec.size];
  for (const size of sizes) {
    if (!(size > 0 && Number.isFinite(size)))
      throw new RangeError(`a ${spec.kind} window needs positive sizes, found ${size}`);
  }
  if (spec.kind === 'sliding' && spec.size / spec.every > MAX_OVERLAP)
    throw new RangeError(`a record would stand in more than ${MAX_OVERLAP} windows: make every larger or size smaller`);
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
