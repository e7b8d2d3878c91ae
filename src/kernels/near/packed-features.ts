import type { Features } from './features.ts';

/** 64 KiB: some hundred records, so little is lost while the last of them stays. */
const CHUNK_BITS = 14;
const CHUNK_WORDS = 1 << CHUNK_BITS;
const MAX_CHUNKS = 2 ** (32 - CHUNK_BITS);
const EMPTY = new Int32Array(0);
const LINE_WORDS = 16;
const WARM_WORDS = 48;

/** Lists of 32-bit numbers of a record, in this order. */
export const SECTION = {
  /** Ascending by hash; who holds the record may put ids in their place. */
  features: 0,
  /** Place and count, in turn, of each feature the record has more than once. */
  repeats: 1,
  words: 2,
  /** Declared keys: between words and bands, as either are keys of blocks with them. */
  declared: 3,
  bands: 4,
  codes: 5,
} as const;
type Section = (typeof SECTION)[keyof typeof SECTION];
/** A length each. */
export const HEAD_WORDS = 6;

/**
 * Features of the records held, one behind another in chunks of many, instead of some typed arrays each.
 *
 * Layout of a record: lengths of the sections | sections. Its address: chunk · 2¹⁴ + offset; a record longer than a
 * chunk is a chunk of its own. A chunk is free again when its last record has left: as records leave in the order in
 * which they were packed, or packed again when they became the newest, few chunks are partly empty.
 * Cost: 4 bytes a number. Bound: 16 GiB; beyond, a RangeError.
 */
export class PackedFeatures {
  private readonly chunks: Int32Array[] = [];
  /** Records in each chunk. */
  private readonly live: number[] = [];
  private readonly free: number[] = [];
  private current = -1;
  private end = CHUNK_WORDS;

  /** Gives the address. */
  pack({ hashes, counts, words, declared = EMPTY, codes }: Features, bands: Int32Array): number {
    const repeats: number[] = [];
    for (let i = 0; i < counts.length; i++) if (counts[i]! > 1) repeats.push(i, counts[i]!);
    const sections = [hashes, repeats, words, declared, bands, codes];
    let length = HEAD_WORDS;
    for (const section of sections) length += section.length;
    const address = this.claim(length);
    const [chunk, offset] = [this.chunkOf(address), this.offsetOf(address)];
    let at = offset + HEAD_WORDS;
    for (const [i, section] of sections.entries()) {
      chunk[offset + i] = section.length;
      chunk.set(section, at);
      at += section.length;
    }
    return address;
  }

  /** Moves it to those packed last; gives the address from now on. */
  repack(address: number): number {
    const [chunk, offset, length] = [this.chunkOf(address), this.offsetOf(address), this.lengthOf(address)];
    const moved = this.claim(length);
    this.chunkOf(moved).set(chunk.subarray(offset, offset + length), this.offsetOf(moved));
    this.release(address);
    return moved;
  }

  release(address: number): void {
    const index = address >>> CHUNK_BITS;
    if (--this.live[index]! > 0 || index === this.current) return;
    this.chunks[index] = EMPTY;
    this.free.push(index);
  }

  chunkOf(address: number): Int32Array {
    return this.chunks[address >>> CHUNK_BITS]!;
  }

  offsetOf(address: number): number {
    return address & (CHUNK_WORDS - 1);
  }

  /** The numbers of the sections `from` to `to`, as they lie there. */
  section(address: number, from: Section, to: Section = from): Int32Array {
    const [chunk, offset] = [this.chunkOf(address), this.offsetOf(address)];
    let start = offset + HEAD_WORDS;
    for (let i = 0; i < from; i++) start += chunk[offset + i]!;
    let end = start;
    for (let i: number = from; i <= to; i++) end += chunk[offset + i]!;
    return chunk.subarray(start, end);
  }

  /** What was packed; `hashes` in place of what stands there now. */
  unpack(address: number, hashes: Int32Array): Features {
    const counts = new Uint16Array(hashes.length).fill(1);
    const repeats = this.section(address, SECTION.repeats);
    for (let i = 0; i < repeats.length; i += 2) counts[repeats[i]!] = repeats[i + 1]!;
    const copy = (section: Section): Int32Array => this.section(address, section).slice();
    return { hashes, counts, words: copy(SECTION.words), declared: copy(SECTION.declared), codes: copy(SECTION.codes) };
  }

  /** Reads from each of the lines of memory that most records take; the number is of no meaning. */
  warm(address: number): number {
    const [chunk, offset] = [this.chunkOf(address), this.offsetOf(address)];
    let sum = 0;
    for (let at = offset; at < offset + WARM_WORDS && at < chunk.length; at += LINE_WORDS) sum += chunk[at]!;
    return sum;
  }

  bytesOf(address: number): number {
    return 4 * this.lengthOf(address);
  }

  private lengthOf(address: number): number {
    const [chunk, offset] = [this.chunkOf(address), this.offsetOf(address)];
    let length = HEAD_WORDS;
    for (let i = 0; i < HEAD_WORDS; i++) length += chunk[offset + i]!;
    return length;
  }

  private claim(length: number): number {
    if (length > CHUNK_WORDS) return this.open(length) << CHUNK_BITS;
    if (this.end + length > CHUNK_WORDS) {
      const full = this.current;
      this.current = this.open(CHUNK_WORDS);
      this.end = 0;
      this.live[this.current] = 0;
      if (full >= 0 && this.live[full] === 0) this.free.push(full);
    }
    this.live[this.current]!++;
    this.end += length;
    return ((this.current << CHUNK_BITS) + this.end - length) | 0;
  }

  /** A chunk with one record. */
  private open(words: number): number {
    const index = this.free.pop() ?? this.chunks.length;
    if (index === MAX_CHUNKS) throw new RangeError(`features of records take more than ${MAX_CHUNKS} chunks of 64 KiB`);
    this.chunks[index] = new Int32Array(words);
    this.live[index] = 1;
    return index;
  }
}
