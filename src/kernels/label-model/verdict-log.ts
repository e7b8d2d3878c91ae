import type { Scalar } from '../vote/ballots.ts';

const CHUNK = 1024;

/** A verdict as it was taken: what is true, and what the rules had said. */
export interface TakenVerdict {
  readonly truth: number;
  /** Answers as text, see `patternOf`. */
  readonly pattern: string;
}

type Stored = readonly [id: string, truth: number, pattern: string];

/**
 * Verdicts of people by their id, so that one that comes again changes nothing and a changed one replaces the first.
 * At the bound the oldest are forgotten, 1,024 at a time. State: chunks of 1,024, about 100 bytes a verdict.
 */
export class VerdictLog {
  /** Chunk of an id; a chunk holds its verdicts in the order they came. */
  private readonly chunkOf = new Map<string, number>();
  private readonly chunks = new Map<number, Map<string, TakenVerdict>>();
  private readonly dirty = new Set<number>();
  private readonly gone: number[] = [];
  private readonly max: number;
  private last = 0;

  constructor(max: number) {
    this.max = max;
  }

  get size(): number {
    return this.chunkOf.size;
  }

  /** The verdict that stood under this id; undefined: none. */
  find(id: Scalar): TakenVerdict | undefined {
    const key = JSON.stringify(id);
    const chunk = this.chunkOf.get(key);
    return chunk === undefined ? undefined : this.chunks.get(chunk)!.get(key);
  }

  /** Puts a verdict under its id; returns how many old ones were forgotten for it. */
  put(id: Scalar, verdict: TakenVerdict): number {
    const key = JSON.stringify(id);
    const known = this.chunkOf.get(key);
    const chunk = known ?? this.chunkWithRoom();
    this.chunkOf.set(key, chunk);
    this.chunks.get(chunk)!.set(key, verdict);
    this.dirty.add(chunk);
    return this.chunkOf.size > this.max && this.chunks.size > 1 ? this.dropOldest() : 0;
  }

  /** Chunks changed since the last call, and numbers of those that are gone. */
  changes(): { readonly put: readonly (readonly [number, readonly Stored[]])[]; readonly drop: readonly number[] } {
    const put = [...this.dirty].map(
      (number) => [number, [...this.chunks.get(number)!].map(([id, v]): Stored => [id, v.truth, v.pattern])] as const,
    );
    const drop = this.gone.splice(0);
    this.dirty.clear();
    return { put, drop };
  }

  load(number: number, stored: readonly Stored[]): void {
    this.last = Math.max(this.last, number);
    this.chunks.set(number, new Map(stored.map(([id, truth, pattern]) => [id, { truth, pattern }])));
    for (const [id] of stored) this.chunkOf.set(id, number);
  }

  private chunkWithRoom(): number {
    const chunk = this.chunks.get(this.last);
    if (chunk !== undefined && chunk.size < CHUNK) return this.last;
    if (chunk !== undefined) this.last++;
    this.chunks.set(this.last, new Map());
    return this.last;
  }

  private dropOldest(): number {
    const oldest = Math.min(...this.chunks.keys());
    const chunk = this.chunks.get(oldest)!;
    for (const id of chunk.keys()) this.chunkOf.delete(id);
    this.chunks.delete(oldest);
    this.dirty.delete(oldest);
    this.gone.push(oldest);
    return chunk.size;
  }
}
