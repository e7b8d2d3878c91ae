import { ByteReader, ByteWriter, type Layout } from '../sketch/bytes.ts';

const LAYOUT: Layout = { kind: 'WARM', version: 1 };
/** Values a chunk of state holds. */
export const CHUNK = 1024;

export interface Chunk {
  readonly chunk: number;
  readonly bytes: Uint8Array;
}

/** Numbers in the order they came, each with its hour of the week; written in chunks, of which only the last one changes. */
export class WarmUp {
  values = new Float64Array(64);
  hours = new Int16Array(64);
  size = 0;
  firstTime = Number.NaN;
  lastTime = Number.NaN;
  private written = 0;

  push(value: number, hour: number, time: number): void {
    if (this.size === this.values.length) this.grow(this.size + 1);
    this.values[this.size] = value;
    this.hours[this.size++] = hour;
    if (!Number.isFinite(time)) return;
    if (!(time >= this.firstTime)) this.firstTime = time;
    if (!(time <= this.lastTime)) this.lastTime = time;
  }

  get spanMs(): number {
    return this.lastTime - this.firstTime;
  }

  clear(): void {
    this.values = new Float64Array(64);
    this.hours = new Int16Array(64);
    this.size = 0;
    this.firstTime = Number.NaN;
    this.lastTime = Number.NaN;
    this.written = 0;
  }

  get byteLength(): number {
    return this.values.byteLength + this.hours.byteLength;
  }

  /** Chunks with values that no earlier call gave. */
  changed(): Chunk[] {
    const chunks: Chunk[] = [];
    for (let chunk = Math.floor(this.written / CHUNK); chunk * CHUNK < this.size; chunk++) {
      if (this.written === this.size) break;
      const to = Math.min(this.size, (chunk + 1) * CHUNK);
      const bytes = new ByteWriter(LAYOUT);
      bytes.f64s([this.firstTime, this.lastTime]);
      bytes.f64s(this.values.subarray(chunk * CHUNK, to));
      bytes.f64s(this.hours.subarray(chunk * CHUNK, to));
      chunks.push({ chunk, bytes: bytes.finish() });
    }
    this.written = this.size;
    return chunks;
  }

  get chunks(): number {
    return Math.ceil(this.written / CHUNK);
  }

  load(chunk: number, bytes: Uint8Array): void {
    const from = new ByteReader(bytes, LAYOUT);
    const [first, last] = from.f64s();
    const values = from.f64s();
    this.grow(chunk * CHUNK + values.length);
    this.values.set(values, chunk * CHUNK);
    this.hours.set(from.f64s(), chunk * CHUNK);
    this.size = Math.max(this.size, chunk * CHUNK + values.length);
    this.written = this.size;
    if (!(first! >= this.firstTime)) this.firstTime = first!;
    if (!(last! <= this.lastTime)) this.lastTime = last!;
  }

  private grow(size: number): void {
    if (size <= this.values.length) return;
    const values = new Float64Array(Math.max(size, this.values.length * 2));
    values.set(this.values);
    this.values = values;
    const hours = new Int16Array(values.length);
    hours.set(this.hours);
    this.hours = hours;
  }
}
