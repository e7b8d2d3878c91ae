/** 32-bit FNV-1a with a murmur3 finalizer over UTF-16 code units: for seeds and digests, never for keys. */
export function hash32(text: string, seed = 0): number {
  return hashOfPart(text, 0, text.length, seed);
}

/** The same of the code units `from` to before `to`, which are not cut out. */
export function hashOfPart(text: string, from: number, to: number, seed = 0): number {
  let h = (0x811c9dc5 ^ seed) | 0;
  for (let i = from; i < to; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix32(h);
}

/** murmur3's 32-bit finalizer. Source: Appleby, MurmurHash3 (public domain), fmix32. */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Uniform in (0, 1) from a hash: all randomness of kernels comes this way (seed, topic, partition, offset, column). */
export function uniform(seed: number, ...words: readonly number[]): number {
  let h = seed | 0;
  for (const word of words) h = mix32(Math.imul(h, 31) ^ mix32(word));
  return (mix32(h) + 0.5) / 4294967296;
}
