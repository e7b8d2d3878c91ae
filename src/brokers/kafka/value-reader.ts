import type { ValueReader } from '../../core/codec.ts';
import type { Layout } from '../../core/record.ts';

/** Text made at once, and the largest value tried: it stays in the cache, and dies young, where a large text would call for a whole collection. */
const WINDOW_BYTES = 64 * 1024;

/**
 * Reads values of a shape seen before where they lie among the records of a batch, and gives up on any other: those stay bytes,
 * to be decoded when somebody looks. What is read is ASCII, so its text is its bytes.
 */
export class BatchValueReader {
  payload = '';
  data: unknown;
  layout: Layout | undefined;
  layoutAt = 0;
  private readonly reader: ValueReader;
  /** Part of the batch, and the same as text of one byte a character. */
  private window: Buffer = Buffer.alloc(0);
  private text = '';
  private batch: Buffer = this.window;

  constructor(reader: ValueReader) {
    this.reader = reader;
  }

  /** Values that follow are views of `batch`. */
  open(batch: Buffer): void {
    if (batch === this.batch) return;
    this.batch = batch;
    this.window = batch.subarray(0, 0);
  }

  read(value: Buffer): boolean {
    const { reader } = this;
    const at = this.placeOf(value);
    if (at < 0) return false;
    const end = at + value.length;
    // a value that is cut off may seem to go on in what stands behind it
    if (reader.read(this.window, this.text, at) !== end) {
      reader.learn(this.text.slice(at, end));
      return false;
    }
    this.payload = this.text.slice(at, end);
    this.data = reader.data;
    this.layout = reader.layout;
    this.layoutAt = reader.layoutAt;
    return true;
  }

  /** Index in the window, which is moved when the value does not lie in it; -1: it is too large, or no batch was opened. */
  private placeOf(value: Buffer): number {
    const { batch, window } = this;
    const inWindow = value.byteOffset - window.byteOffset;
    if (inWindow >= 0 && inWindow + value.length <= window.length) return inWindow;
    const at = value.byteOffset - batch.byteOffset;
    if (value.length > WINDOW_BYTES || at < 0 || at + value.length > batch.length) return -1;
    this.window = batch.subarray(at, at + WINDOW_BYTES);
    this.text = this.window.toString('latin1');
    return 0;
  }
}
