import { ByteReader, ByteWriter, type Layout } from './bytes.ts';

const LAYOUT: Layout = { kind: 'SPSV', version: 1 };

export interface HeavyHitter {
  readonly key: string;
  /** Never too small, at most `error` too large. */
  readonly count: number;
  readonly error: number;
}

/**
 * The most frequent texts of a stream, with counters for `capacity` of them.
 *
 * Idea: a new text takes over the counter with the smallest count, and that count is its error. Every text with more
 * than n / capacity occurrences is among those held.
 * Parameters: `capacity`, 10 / ε for shares above ε with an error of ε / 10.
 * In: texts (bound their length before: see categoryOf). Merging: a text that one side lacks gets that side's smallest
 * count as error, and the bound n / capacity holds for the union.
 * Cost: one Map lookup and log2 capacity steps; about 120 bytes a counter and the texts.
 *
 * Example: `const s = new SpaceSaving(2); for (const k of ['a', 'b', 'a', 'c']) s.add(k); s.top(1)` is `[{ key: 'a', count: 2, error: 0 }]`.
 *
 * Source: Metwally, Agrawal & El Abbadi 2005; merging: Agarwal et al. 2012, "Mergeable summaries".
 */
export class SpaceSaving {
  readonly capacity: number;
  n = 0;
  /** A binary heap: the smallest count is first. */
  private readonly keys: string[] = [];
  private readonly counts: number[] = [];
  private readonly errors: number[] = [];
  private readonly places = new Map<string, number>();

  constructor(capacity = 1000) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.keys.length;
  }

  add(key: string, by = 1): void {
    this.n += by;
    const place = this.places.get(key);
    if (place !== undefined) {
      this.counts[place]! += by;
      this.sink(place);
    } else if (this.keys.length < this.capacity) this.push({ key, count: by, error: 0 });
    else {
      const least = this.counts[0]!;
      this.places.delete(this.keys[0]!);
      this.keys[0] = key;
      this.counts[0] = least + by;
      this.errors[0] = least;
      this.places.set(key, 0);
      this.sink(0);
    }
  }

  /** Count of a text and how much of it may not be its own; undefined when it is not held. */
  get(key: string): HeavyHitter | undefined {
    const place = this.places.get(key);
    return place === undefined ? undefined : { key, count: this.counts[place]!, error: this.errors[place]! };
  }

  /** The `limit` largest, largest first; ties in order of text. */
  top(limit: number): HeavyHitter[] {
    return this.entries().sort(byCount).slice(0, limit);
  }

  /** What a text that is not held may have occurred at most. */
  get missed(): number {
    return this.keys.length < this.capacity ? 0 : (this.counts[0] ?? 0);
  }

  merge(other: SpaceSaving): void {
    const [mine, theirs] = [this.missed, other.missed];
    const union = new Map<string, HeavyHitter>();
    for (const { key, count, error } of this.entries())
      union.set(key, { key, count: count + theirs, error: error + theirs });
    for (const { key, count, error } of other.entries()) {
      const own = this.get(key);
      union.set(
        key,
        own === undefined
          ? { key, count: count + mine, error: error + mine }
          : { key, count: own.count + count, error: own.error + error },
      );
    }
    const kept = [...union.values()].sort(byCount).slice(0, this.capacity);
    this.n += other.n;
    this.refill(kept.reverse());
  }

  get byteLength(): number {
    let chars = 0;
    for (const key of this.keys) chars += key.length;
    return this.keys.length * 120 + chars * 2;
  }

  save(): Uint8Array {
    const to = new ByteWriter(LAYOUT);
    to.u32(this.capacity);
    to.f64(this.n);
    to.f64s(this.counts);
    to.f64s(this.errors);
    for (const key of this.keys) to.text(key);
    return to.finish();
  }

  static load(bytes: Uint8Array): SpaceSaving {
    const from = new ByteReader(bytes, LAYOUT);
    const sketch = new SpaceSaving(from.u32());
    sketch.n = from.f64();
    const counts = from.f64s();
    const errors = from.f64s();
    for (let i = 0; i < counts.length; i++) {
      const key = from.text();
      sketch.places.set(key, i);
      sketch.keys.push(key);
      sketch.counts.push(counts[i]!);
      sketch.errors.push(errors[i]!);
    }
    return sketch;
  }

  private entries(): HeavyHitter[] {
    return this.keys.map((key, i) => ({ key, count: this.counts[i]!, error: this.errors[i]! }));
  }

  private refill(entries: readonly HeavyHitter[]): void {
    this.keys.length = 0;
    this.counts.length = 0;
    this.errors.length = 0;
    this.places.clear();
    for (const entry of entries) this.push(entry);
  }

  private push({ key, count, error }: HeavyHitter): void {
    let i = this.keys.length;
    this.keys.push(key);
    this.counts.push(count);
    this.errors.push(error);
    this.places.set(key, i);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.counts[parent]! <= this.counts[i]!) break;
      this.swap(i, parent);
      i = parent;
    }
  }

  private sink(from: number): void {
    const { counts } = this;
    for (let i = from; ; ) {
      let child = 2 * i + 1;
      if (child >= counts.length) return;
      if (child + 1 < counts.length && counts[child + 1]! < counts[child]!) child++;
      if (counts[child]! >= counts[i]!) return;
      this.swap(i, child);
      i = child;
    }
  }

  private swap(i: number, j: number): void {
    const { keys, counts, errors } = this;
    [keys[i], keys[j]] = [keys[j]!, keys[i]!];
    [counts[i], counts[j]] = [counts[j]!, counts[i]!];
    [errors[i], errors[j]] = [errors[j]!, errors[i]!];
    this.places.set(keys[i]!, i);
    this.places.set(keys[j]!, j);
  }
}

function byCount(a: HeavyHitter, b: HeavyHitter): number {
  return b.count - a.count || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}
