import { setImmediate } from 'node:timers/promises';
import { crc32 } from '@node-rs/crc32';
import { StateError } from '../../core/errors.ts';
import type { StatePart } from '../../core/state.ts';
import { type PartRef, parseIndex, parseKey, partId, type StateIndex } from './state-format.ts';

interface Chunks {
  readonly offset: number;
  readonly bytes: Uint8Array[];
}

/**
 * A task's state as it grows out of reading its partition from the start: the newest complete index, and the bytes of the
 * parts it names. Memory: what is alive and one checkpoint, since an index ends everything before it that it does not name.
 */
export class StateLog {
  index: StateIndex | undefined;
  private readonly chunks = new Map<string, Chunks>();
  private indexChunks: Uint8Array[] = [];
  private indexOffset = 0;

  accept(offset: number, keyBytes: Uint8Array | null, value: Uint8Array | null): void {
    const key = parseKey(keyBytes);
    if (key === undefined) return;
    if (key.kind === 'index') this.acceptIndex(offset, key, value);
    else if (value === null)
      return; // the index says who is dead; this is for the cleaner
    else if (key.chunk === 0) this.chunks.set(key.part, { offset, bytes: [value] });
    else this.chunks.get(key.part)?.bytes.push(value);
  }

  /** Where the oldest live part begins: nothing before it is needed any more. */
  get oldest(): number {
    let oldest = this.indexOffset;
    for (const { offset } of this.chunks.values()) if (offset < oldest) oldest = offset;
    return oldest;
  }

  /** Offset of the first chunk of every live part, by part. */
  offsets(): ReadonlyMap<string, number> {
    return new Map([...this.chunks].map(([part, { offset }]) => [part, offset]));
  }

  /** One at a time, with a turn of the event loop between them; each is let go as it is given. Throws StateError for a damaged one. */
  async *parts(): AsyncGenerator<StatePart> {
    for (const ref of this.index?.parts ?? []) {
      const bytes = joined(this.chunks.get(partId(ref))?.bytes ?? []);
      this.chunks.delete(partId(ref));
      if (crc32(bytes) !== ref.crc)
        throw new StateError(
          `part ${ref.name} of checkpoint ${this.index?.checkpoint} is damaged in the state topic: give --reset-state for its step to start it without memory`,
          { code: 'state-damaged' },
        );
      yield { name: ref.name, bytes };
      await setImmediate(); // all of it is in memory: without, probes are not answered until the last part
    }
  }

  private acceptIndex(offset: number, key: { chunk: number; chunks: number }, value: Uint8Array | null): void {
    if (value === null) return;
    if (key.chunk === 0) {
      this.indexChunks = [];
      this.indexOffset = offset;
    }
    this.indexChunks.push(value);
    if (this.indexChunks.length < key.chunks) return;
    const index = parseIndex(this.indexChunks);
    this.indexChunks = [];
    // a writer that was shut out may still write where there are no transactions: the later generation is right
    if (this.index !== undefined && index.generation < this.index.generation) return;
    if (!index.parts.every((part) => this.isComplete(part))) return;
    this.index = index;
    const alive = new Set(index.parts.map(partId));
    for (const part of this.chunks.keys()) if (!alive.has(part)) this.chunks.delete(part);
  }

  private isComplete(ref: PartRef): boolean {
    return this.chunks.get(partId(ref))?.bytes.length === ref.chunks;
  }
}

/** Memory of its own, not a Buffer: kernels may look at it as numbers of any width. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
