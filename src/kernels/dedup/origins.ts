import type { DataRecord, Origin, RecordSource } from '../../core/record.ts';

/** Part ids are 16 bits; this one means that the origin was not kept. */
const UNKNOWN = 0xffff;
const OFFSET_SPAN = 2 ** 48;
const EXPLODED_SPAN = 2 ** 32;
const INDEX_SPAN = 2 ** 16;

/** Everything of an origin but its low bits: what a part id stands for. */
export interface OriginPart {
  readonly topic: string;
  readonly partition: number;
  readonly part?: string;
  readonly exploded: boolean;
  readonly offsetBase: number;
  readonly indexBase: number;
}

/**
 * Origins of winners in 8 bytes: 16 bits of part id and 48 bits of offset (of an exploded message 32 bits of offset and
 * 16 of element index); what does not fit is in the part. Above 65,535 parts an origin is not kept, never wrong.
 *
 * Layout of the two words: `high` = part id << 16 | bits 32 to 47 of the offset (or the element index), `low` = bits 0 to 31.
 */
export class OriginTable {
  parts: OriginPart[] = [];
  /** Parts were added since a checkpoint last asked. */
  changed = false;
  low = 0;
  high = 0;
  private readonly ids = new Map<string, number>();
  private lastSource: RecordSource | undefined;
  private lastId = -1;

  /** Sets `low` and `high` to the origin of `record`. */
  pack(record: DataRecord): void {
    const { offset, index } = record;
    if (index < 0 && offset < OFFSET_SPAN) {
      if (record.source !== this.lastSource) {
        this.lastSource = record.source;
        this.lastId = this.idOf(record.source, false, 0, 0);
      }
      this.low = offset | 0;
      this.high = (this.lastId << 16) | Math.floor(offset / EXPLODED_SPAN);
      return;
    }
    const span = index < 0 ? OFFSET_SPAN : EXPLODED_SPAN;
    const base = Math.floor(offset / span) * span;
    const indexBase = index < 0 ? 0 : Math.floor(index / INDEX_SPAN) * INDEX_SPAN;
    const id = this.idOf(record.source, index >= 0, base, indexBase);
    const rest = offset - base;
    this.low = (rest % EXPLODED_SPAN) | 0;
    this.high = (id << 16) | (index < 0 ? Math.floor(rest / EXPLODED_SPAN) : index - indexBase);
  }

  unpack(low: number, high: number): Origin | undefined {
    const part = this.parts[high >>> 16];
    if (part === undefined) return undefined;
    const rest = high & 0xffff;
    const offset = part.offsetBase + (low >>> 0) + (part.exploded ? 0 : rest * EXPLODED_SPAN);
    return {
      topic: part.topic,
      partition: part.partition,
      offset,
      ...(part.exploded ? { index: part.indexBase + rest } : {}),
      ...(part.part === undefined ? {} : { part: part.part }),
    };
  }

  restore(parts: readonly OriginPart[]): void {
    this.parts = parts.slice(0, UNKNOWN);
    this.parts.forEach((part, id) => {
      this.ids.set(nameOf(part), id);
    });
  }

  private idOf(source: RecordSource, exploded: boolean, offsetBase: number, indexBase: number): number {
    const { topic, partition } = source;
    const part: OriginPart = {
      topic,
      partition,
      exploded,
      offsetBase,
      indexBase,
      ...(source.part === undefined ? {} : { part: source.part }),
    };
    const name = nameOf(part);
    const known = this.ids.get(name);
    if (known !== undefined) return known;
    if (this.parts.length >= UNKNOWN) return UNKNOWN;
    this.parts.push(part);
    this.ids.set(name, this.parts.length - 1);
    this.changed = true;
    return this.parts.length - 1;
  }
}

function nameOf(part: OriginPart): string {
  return JSON.stringify([part.topic, part.partition, part.part, part.exploded, part.offsetBase, part.indexBase]);
}
