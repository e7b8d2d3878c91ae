import type { Features } from './features.ts';
import type { FeatureFrequencies } from './frequencies.ts';
import { NONE } from './key-table.ts';
import { HEAD_WORDS, type PackedFeatures } from './packed-features.ts';

const FIRST_IDS = 1024;

/**
 * Cosines of (1 + ln tf) · idf of a record with many that are held, each 0 to 1.
 *
 * Idea: the weights of the one are laid out by feature id once, beside the frequencies; then each of the others is read from front to back.
 * With the frequencies of now: weights kept from earlier would go stale. Symmetric to the bit, as both sum in order of
 * the hashes; 1 of a record with itself. Cost: a step a feature of those held. Source: Salton & Buckley 1988.
 */
export class Cosines {
  private readonly frequencies: FeatureFrequencies;
  private readonly packed: PackedFeatures;
  private ids = new Int32Array(FIRST_IDS);

  /** The features of those that are held are ids of `frequencies`. */
  constructor(frequencies: FeatureFrequencies, packed: PackedFeatures) {
    this.frequencies = frequencies;
    this.packed = packed;
  }

  /** With those at the addresses. */
  of(one: Features, addresses: Int32Array): Float64Array {
    const cosines = new Float64Array(addresses.length);
    const square = this.lay(one);
    // so that the waits for memory overlap instead of following one another: a quarter less among 200,000
    for (let i = 0; i < addresses.length; i++) cosines[i] = this.packed.warm(addresses[i]!);
    for (let i = 0; i < addresses.length; i++) cosines[i] = this.cosine(square, addresses[i]!);
    for (let i = 0; i < one.hashes.length; i++)
      if (this.ids[i] !== NONE) this.frequencies.table[2 * this.ids[i]! + 1] = 0;
    return cosines;
  }

  /** Gives the sum of the squared weights. */
  private lay({ hashes, counts }: Features): number {
    const { frequencies } = this;
    if (hashes.length > this.ids.length) this.ids = new Int32Array(2 * hashes.length);
    let square = 0;
    for (let i = 0; i < hashes.length; i++) {
      const id = frequencies.idOf(hashes[i]!);
      const weight = (id === NONE ? frequencies.most : frequencies.weightOf(id)) * tf(counts[i]!);
      this.ids[i] = id;
      if (id !== NONE) frequencies.table[2 * id + 1] = weight;
      square += weight * weight;
    }
    return square;
  }

  private cosine(square: number, address: number): number {
    const [memory, at] = [this.packed.chunkOf(address), this.packed.offsetOf(address)];
    const { table, most } = this.frequencies;
    const start = at + HEAD_WORDS;
    const end = start + memory[at]!;
    const repeatsEnd = end + memory[at + 1]!;
    let repeat = end;
    let repeated = repeat < repeatsEnd ? start + memory[repeat]! : -1;
    let [dot, other] = [0, 0];
    for (let i = start; i < end; i++) {
      const id = memory[i]!;
      let weight = most - table[2 * id]!;
      if (i === repeated) {
        weight *= tf(memory[repeat + 1]!);
        repeat += 2;
        repeated = repeat < repeatsEnd ? start + memory[repeat]! : -1;
      }
      dot += table[2 * id + 1]! * weight;
      other += weight * weight;
    }
    return square === 0 || other === 0 ? 0 : Math.min(1, dot / Math.sqrt(square * other));
  }
}

const TFS = Float64Array.from({ length: 256 }, (_, n) => (n === 0 ? 0 : 1 + Math.log(n)));

function tf(count: number): number {
  return count < TFS.length ? TFS[count]! : 1 + Math.log(count);
}
