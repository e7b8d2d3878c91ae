import { expect, it } from 'vitest';
import { mix32, uniform } from '../../../src/core/hash.ts';
import { type Blocked, BlockIndex } from '../../../src/kernels/near/block-index.ts';

/** Keys of a record: some that nearly all have, some that few have. */
function keysOf(seq: number): Int32Array {
  return Int32Array.from(new Set(Array.from({ length: 10 }, (_, i) => mix32(Math.floor(uniform(seq, i) ** 3 * 300)))));
}

function filled(count: number, cap: number): BlockIndex<Blocked & { readonly seq: number }> {
  const index = new BlockIndex<Blocked & { readonly seq: number }>(cap);
  for (let seq = 0; seq < count; seq++) index.add({ seq, place: -1 }, keysOf(seq));
  return index;
}

it('looks at no more entries, and gives no more to compare, however many are held', () => {
  for (const count of [5000, 50_000]) {
    const index = filled(count, 400);
    for (let seq = count; seq < count + 200; seq++) {
      let looks = 0;
      const found = index.search(keysOf(seq), () => ++looks > 0);
      expect(looks).toBeLessThanOrEqual(800);
      expect(looks).toBeGreaterThan(100);
      expect(found).toHaveLength(40);
    }
  }
});

it('finds those that share most, as a look at all of them does', () => {
  const count = 300;
  const index = filled(count, 100_000);
  const entries = Array.from({ length: count }, (_, seq) => seq);
  for (let seq = count; seq < count + 100; seq++) {
    const keys = keysOf(seq);
    const shared = (other: number): number => {
      const theirs = keysOf(other);
      let sum = 0;
      for (const key of [...keys].sort((a, b) => index.sizeOf(a) - index.sizeOf(b)))
        for (const their of theirs) if (their === key) sum += Math.log((count + 2) / (index.sizeOf(key) + 1));
      return sum;
    };
    const accepts = (other: number): boolean => other % 3 !== 0;
    const expected = entries.filter(accepts).map((other) => ({ other, weight: shared(other) }));
    expected.sort((a, b) => b.weight - a.weight || a.other - b.other);
    const found = index.search(keys, ({ seq: other }) => accepts(other));
    const weights = Array.from(found, (place) => shared(index.at(place).seq));
    expect(weights).toHaveLength(40);
    for (const [i, weight] of weights.entries()) expect(weight).toBeCloseTo(expected[i]!.weight, 9);
  }
});
