import { mix32 } from '../../core/hash.ts';

export const SLOTS = 128;
export const BANDS = 32;
const ROWS = SLOTS / BANDS;
const LARGEST = 0x3fffffff;

/** a odd and b of each permutation; fixed, so that signatures of different runs compare. */
const A = Int32Array.from({ length: SLOTS }, (_, i) => mix32(0x9e3779b9 + 2 * i) | 1);
const B = Int32Array.from({ length: SLOTS }, (_, i) => mix32(0x7f4a7c15 - 2 * i) | 0);

/**
 * Signature of a set of 32-bit hashes: slot i is the least (a_i · x + b_i) mod 2³² over its elements, signed and halved.
 *
 * Two sets agree in a slot with probability of their Jaccard similarity; the signature of a union is the minimum slot
 * by slot. Halved, so that a difference has a sign and the lesser is found without a branch: half of the time.
 * Cost: about 8 µs for 64 hashes. Shapes: `hashes` any length, `into` SLOTS words; an empty set gives the
 * largest word everywhere. Source: Broder 1997; Dietzfelbinger et al. 1997 (multiply-shift); METHODS 6.3.
 */
export function signature(hashes: Int32Array, into = new Int32Array(SLOTS)): Int32Array {
  const n = hashes.length;
  for (let s = 0; s < SLOTS; s++) {
    const a = A[s]!;
    const b = B[s]!;
    let least = LARGEST;
    for (let i = 0; i < n; i++) {
      const less = (((Math.imul(a, hashes[i]!) + b) >> 1) - least) | 0;
      least = (least + (less & (less >> 31))) | 0;
    }
    into[s] = least;
  }
  return into;
}

/** One key a band: equal keys make two sets candidates, with probability 1 - (1 - J⁴)³². */
export function bandKeys(slots: Int32Array): Int32Array {
  const keys = new Int32Array(BANDS);
  for (let band = 0; band < BANDS; band++) {
    let h = mix32(band + 1);
    for (let row = 0; row < ROWS; row++) h = mix32(Math.imul(h, 31) ^ slots[band * ROWS + row]!);
    keys[band] = h | 0;
  }
  return keys;
}
