import type { Origin, RecordSource } from '../../core/record.ts';

/** Parts of a topic remembered, so that a change point in an earlier file still has its name. */
const MAX_PARTS = 256;

/** Where the kernel stands: set once a record, read by every chart. */
export interface Place {
  offset: number;
  /** Element of an exploded message, -1 for a whole one. */
  index: number;
  /** Milliseconds, NaN without a clock. */
  time: number;
  /** Hour of the week from Monday 0:00 UTC, -1 without a time. */
  hour: number;
  /** Random word of the record: a function of seed, partition, offset and element. */
  draw: number;
}

/** Turns offsets back into origins. */
export class Places {
  private sources: { readonly from: number; readonly source: RecordSource }[] = [];

  see(source: RecordSource, offset: number): void {
    const last = this.sources.at(-1);
    if (last !== undefined && last.source.part === source.part && last.source.topic === source.topic) return;
    this.sources.push({ from: source.partStart ?? offset, source });
    if (this.sources.length > MAX_PARTS) this.sources.shift();
  }

  origin(offset: number, index: number): Origin | undefined {
    let found = this.sources[0];
    for (const entry of this.sources) if (entry.from <= offset) found = entry;
    if (found === undefined) return undefined;
    const { topic, partition, part, partStart } = found.source;
    return {
      topic,
      partition,
      offset,
      ...(index < 0 ? {} : { index }),
      ...(part === undefined ? {} : { part }),
      ...(partStart === undefined ? {} : { record: offset - partStart }),
    };
  }

  save(): unknown {
    return this.sources;
  }

  load(saved: unknown): void {
    this.sources = saved as typeof this.sources; // written by save()
  }
}

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
/** 1970-01-01 was a Thursday. */
const EPOCH_HOUR = 72;

export function hourOfWeek(time: number): number {
  if (!Number.isFinite(time)) return -1;
  const hours = Math.floor(time / HOUR_MS) + EPOCH_HOUR;
  return ((hours % WEEK_HOURS) + WEEK_HOURS) % WEEK_HOURS;
}
