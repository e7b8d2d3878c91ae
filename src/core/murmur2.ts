const M = 0x5bd1e995;

/** Partition of a key as Java's default partitioner chooses it: positive murmur2 modulo the count. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

/** 32-bit murmur2 with the seed of Kafka's clients, signed. Source: Appleby, MurmurHash2 (public domain); seed 0x9747b28c. */
export function murmur2(data: Uint8Array): number {
  const { length } = data;
  let h = 0x9747b28c ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    let k = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24);
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ Math.imul(k ^ (k >>> 24), M);
  }
  const rest = length - i;
  if (rest > 2) h ^= data[i + 2]! << 16;
  if (rest > 1) h ^= data[i + 1]! << 8;
  if (rest > 0) h = Math.imul(h ^ data[i]!, M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}
