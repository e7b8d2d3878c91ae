import type { Scalar } from './ballots.ts';

const CHUNK = 1024;

/** Names of items that left the buffer, oldest forgotten first, in chunks that become parts of the state. */
export class PastItems {
  private readonly chunks = new Map<number, Scalar[]>();
  private readonly names = new Set<Scalar>();
  private readonly max: number;
  private first = 0;
  private last = 0;
  private readonly dirty = new Set<number>();
  private readonly gone: number[] = [];

  constructor(max: number) {
    this.max = max;
  }

  get size(): number {
    return this.names.size;
  }

  has(name: Scalar): boolean {
    return this.names.has(name);
  }

  add(name: Scalar): void {
    if (this.max === 0 || this.names.has(name)) return;
    let chunk = this.chunks.get(this.last);
    if (chunk === undefined || chunk.length >= CHUNK) {
      if (chunk !== undefined) this.last++;
      chunk = [];
      this.chunks.set(this.last, chunk);
    }
    chunk.push(name);
    this.names.add(name);
    this.dirty.add(this.last);
    while (this.names.size > this.max && this.first < this.last) this.dropFirst();
  }

  /** Chunks changed since the last call, and numbers of those that are gone. */
  changes(): { readonly put: readonly (readonly [number, readonly Scalar[]])[]; readonly drop: readonly number[] } {
    const put = [...this.dirty].map((number) => [number, this.chunks.get(number)!.slice()] as const);
    const drop = this.gone.splice(0);
    this.dirty.clear();
    return { put, drop };
  }

  load(number: number, names: readonly Scalar[]): void {
    this.first = this.chunks.size === 0 ? number : Math.min(this.first, number);
    this.last = Math.max(this.last, number);
    this.chunks.set(number, [...names]);
    for (const name of names) this.names.add(name);
  }

  private dropFirst(): void {
    for (const name of this.chunks.get(this.first) ?? []) this.names.delete(name);
    this.chunks.delete(this.first);
    this.dirty.delete(this.first);
    this.gone.push(this.first++);
  }
}
