import { NO_BYTES } from './limits.ts';

/** Bytes that wait for more. Room grows by doubling, so that a record over many chunks is copied twice, not once a chunk. */
export class Backlog {
  private room: Buffer = NO_BYTES;
  length = 0;

  add(bytes: Buffer): void {
    const needed = this.length + bytes.byteLength;
    if (needed > this.room.byteLength) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.room.byteLength * 2));
      this.room.copy(larger, 0, 0, this.length);
      this.room = larger;
    }
    bytes.copy(this.room, this.length);
    this.length = needed;
  }

  /** The bytes so far; they belong to the caller. */
  take(): Buffer {
    const bytes = this.room.subarray(0, this.length);
    this.room = NO_BYTES;
    this.length = 0;
    return bytes;
  }
}
