import type { ReaderOptions, ValueReader } from '../../core/codec.ts';
import type { Layout } from '../../core/record.ts';
import { asBuffer } from '../payload-text.ts';
import { type CompiledShape, compileShape, type Source } from './compile-shape.ts';
import { type Shape, shapeOf } from './shape.ts';

/** A feed has few shapes at a time. */
const MAX_SHAPES = 4;
/** Records whose places stand in one array. */
const RECORDS_PER_LAYOUT = 256;
/** After so many reads it is asked whether trying pays. */
const TRIAL_READS = 1024;
/** Reads that are not tried when it did not. */
const REST_READS = 64 * TRIAL_READS;

interface Known {
  readonly shape: CompiledShape;
  /** A plain array: buffers outside of the heap, thousands of them, would call for whole collections. */
  layout: Layout & { readonly ends: number[] };
  /** Places of the layout that are taken. */
  filled: number;
}

/**
 * Reads records of shapes seen before, and gives up on any other: JSON.parse is there for those.
 *
 * Idea: the records of a feed are written by one program, with the same keys in the same order, so the text between the
 * values is known and only the values need be looked at. A record that was given up is offered to `learn`, less and
 * less often. A feed that has no shape costs one comparison a record after its trial.
 * Out: the very values JSON.parse gives, and where they stand in the payload.
 */
export class ShapeReader implements ValueReader {
  layoutAt = 0;
  data: unknown;
  private source: Source = { bytes: Buffer.alloc(0), text: '' };
  private known: Known[] = [];
  private misses = 0;
  private learnAt = 1;
  private reads = 0;
  private hits = 0;
  private rest = 0;
  private readonly options: ReaderOptions;

  constructor(options: ReaderOptions = {}) {
    this.options = options;
  }

  get layout(): Layout | undefined {
    return this.known[0]?.layout;
  }

  read(bytes: Uint8Array, text: string, from: number): number {
    const { known } = this;
    if (this.rest > 0) {
      this.rest--;
      return 0;
    }
    if (++this.reads === TRIAL_READS) this.judge();
    if (bytes !== this.source.bytes) this.source = { bytes: asBuffer(bytes), text };
    for (let i = 0; i < known.length; i++) {
      const one = known[i] as Known; // i is below the length
      const at = roomIn(one);
      const end = one.shape.read(this.source, from, one.layout.ends, at);
      if (end === 0) continue;
      if (i > 0) {
        known.splice(i, 1);
        known.unshift(one);
      }
      this.hits++;
      this.data = one.shape.make();
      this.layoutAt = at;
      one.filled = at + one.layout.gaps.length;
      return end;
    }
    return 0;
  }

  /** A record that `read` gave up. */
  learn(payload: string): void {
    if (this.rest > 0 || ++this.misses < this.learnAt) return;
    this.learnAt *= 2;
    const shape = shapeOf(payload);
    if (shape === undefined) return;
    const compiled = compileShape(shape, this.options);
    if (compiled === undefined) return;
    if (this.known.length === MAX_SHAPES) this.known.pop();
    this.known.unshift(makeKnown(shape, compiled));
  }

  private judge(): void {
    if (this.hits < TRIAL_READS / 4) this.rest = REST_READS;
    this.reads = 0;
    this.hits = 0;
  }
}

function makeKnown({ keys, literals }: Shape, shape: CompiledShape): Known {
  const fields = new Map(keys.map((key, i) => [key, i]));
  const gaps = keys.map((_, i) => literals[i]?.length ?? 0);
  return { shape, layout: { fields, gaps, ends: emptyEnds(keys.length) }, filled: 0 };
}

function emptyEnds(fields: number): number[] {
  return new Array<number>(fields * RECORDS_PER_LAYOUT).fill(0);
}

/** Where the places of the next record go. */
function roomIn(known: Known): number {
  const { fields, gaps, ends } = known.layout;
  if (known.filled === ends.length) {
    known.layout = { fields, gaps, ends: emptyEnds(gaps.length) };
    known.filled = 0;
    known.shape.renew();
  }
  return known.filled;
}
