/** Most buffers kept for the next commit: what the largest usual commit fills. */
const MAX_KEPT = 32;
const BUFFER_BYTES = 512 * 1024;
/** UTF-8 of a UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

/** Buffers that go from commit to commit. */
export class BufferPool {
  private readonly free: Buffer[] = [];

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  give(buffers: readonly Buffer[]): void {
    for (const buffer of buffers)
      if (buffer.byteLength === BUFFER_BYTES && this.free.length < MAX_KEPT) this.free.push(buffer);
  }
}

/**
 * Bytes of one file that wait for a commit, outside the heap: text that stayed there until it is written would be
 * copied by every collection. Text stands for its UTF-8.
 */
export class TextBuffer {
  /** Every buffer that was taken. */
  readonly buffers: Buffer[] = [];
  private readonly pool: BufferPool;
  private readonly full: Buffer[] = [];
  private current: Buffer | undefined;
  private filled = 0;

  constructor(pool: BufferPool) {
    this.pool = pool;
  }

  add(chunk: string | Uint8Array): void {
    // where it fits whatever its characters are, they need not be counted before they are written
    if (typeof chunk === 'string' && chunk.length * MAX_BYTES_PER_UNIT <= this.free) {
      this.filled += this.current?.write(chunk, this.filled) ?? 0;
      return;
    }
    const size = typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
    if (this.current === undefined || size > this.free) this.room(size);
    const into = this.current as Buffer; // room() made it
    if (typeof chunk === 'string') into.write(chunk, this.filled);
    else into.set(chunk, this.filled);
    this.filled += size;
  }

  private get free(): number {
    return this.current === undefined ? 0 : this.current.byteLength - this.filled;
  }

  /** What was added, in order. */
  chunks(): readonly Buffer[] {
    if (this.current === undefined || this.filled === 0) return this.full;
    return [...this.full, this.current.subarray(0, this.filled)];
  }

  private room(size: number): void {
    if (this.current !== undefined && this.filled > 0) this.full.push(this.current.subarray(0, this.filled));
    this.current = size > BUFFER_BYTES ? Buffer.allocUnsafeSlow(size) : this.pool.take();
    this.buffers.push(this.current);
    this.filled = 0;
  }
}
