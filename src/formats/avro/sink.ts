const FIRST_BYTES = 1024;

/** Grows as Avro's binary form is written into it; one serves many values. */
export class Sink {
  private bytes = Buffer.allocUnsafe(FIRST_BYTES);
  at = 0;

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at++] = value;
  }

  /** Zig-zag varint. `value` is an integer that fits 64 bits. */
  long(value: number | bigint): void {
    this.room(10);
    if (typeof value === 'number' && value >= -0x40000000 && value < 0x40000000) {
      let rest = ((value << 1) ^ (value >> 31)) >>> 0;
      while (rest > 127) {
        this.bytes[this.at++] = (rest & 127) | 128;
        rest >>>= 7;
      }
      this.bytes[this.at++] = rest;
      return;
    }
    const wide = BigInt(value);
    let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
    while (rest > 127n) {
      this.bytes[this.at++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.bytes[this.at++] = Number(rest);
  }

  float(value: number): void {
    this.room(4);
    this.at = this.bytes.writeFloatLE(value, this.at);
  }

  double(value: number): void {
    this.room(8);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.long(size);
    this.room(size);
    this.at += this.bytes.write(value, this.at);
  }

  raw(value: Uint8Array, from = 0, to = value.length): void {
    this.room(to - from);
    this.bytes.set(from === 0 && to === value.length ? value : value.subarray(from, to), this.at);
    this.at += to - from;
  }

  uint32(value: number): void {
    this.room(4);
    this.at = this.bytes.writeUInt32BE(value, this.at);
  }

  /** What was written since the last `take`, in bytes of its own. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.at));
    this.at = 0;
    return taken;
  }

  private room(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + size));
    this.bytes.copy(wider, 0, 0, this.at);
    this.bytes = wider;
  }
}
