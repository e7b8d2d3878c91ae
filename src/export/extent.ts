import type { ManifestPartition } from './manifest.ts';
import type { PartitionRange } from './source.ts';

/** Most ranges of holes that are listed; all are counted. */
const MOST_RANGES = 10_000;

type Extent = Pick<ManifestPartition, 'from' | 'to' | 'holes'> & { readonly unlisted: number };

/** A range by offset, and what in it holds no record; records come in order. */
export class OffsetExtent {
  private readonly range: PartitionRange;
  private readonly ranges: [number, number][] = [];
  private offsets = 0;
  private unlisted = 0;
  private next: number;

  constructor(range: PartitionRange) {
    this.range = range;
    this.next = range.from;
  }

  record(offset: number): void {
    this.hole(offset);
    this.next = offset + 1;
  }

  end(): Extent {
    const { from, to } = this.range;
    this.hole(to);
    return { from, to, holes: { offsets: this.offsets, ranges: this.ranges }, unlisted: this.unlisted };
  }

  private hole(until: number): void {
    if (until <= this.next) return;
    this.offsets += until - this.next;
    if (this.ranges.length < MOST_RANGES) this.ranges.push([this.next, until]);
    else this.unlisted++;
  }
}

/** A range by time: where its records stand, and nothing that others might change. */
export class TimeExtent {
  private from: number | undefined;
  private to = 0;

  record(offset: number): void {
    this.from ??= offset;
    this.to = offset + 1;
  }

  end(): Extent {
    const { from, to } = this;
    return { ...(from === undefined ? {} : { from, to }), unlisted: 0 };
  }
}
