import { expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import type { Features } from '../../../src/kernels/near/features.ts';
import { PackedFeatures, SECTION } from '../../../src/kernels/near/packed-features.ts';

/** Numbers of no meaning; one in a hundred is longer than a chunk. */
function made(n: number): Features {
  const list = (part: number, most: number): Int32Array =>
    Int32Array.from({ length: Math.floor(uniform(n, part) * most) }, (_, i) => (uniform(n, part, i) * 2 ** 32) | 0);
  const hashes = list(1, n % 100 === 99 ? 40_000 : 80);
  const counts = Uint16Array.from(hashes, (_, i) => 1 + Math.floor(uniform(n, 2, i) ** 8 * 65_000));
  return { hashes, counts, words: list(3, 20), declared: list(4, 3), codes: list(5, 3) };
}

it('gives what was packed, wherever it was moved and whatever left', () => {
  const packed = new PackedFeatures();
  const held: { address: number; n: number }[] = [];
  const bands = Int32Array.of(7, -7);
  for (let n = 0; n < 2500; n++) {
    held.push({ address: packed.pack(made(n), bands), n });
    if (uniform(n, 6) < 0.2) {
      const [moved] = held.splice(Math.floor(uniform(n, 7) * held.length), 1);
      held.push({ n: moved!.n, address: packed.repack(moved!.address) });
    }
    if (held.length > 500) packed.release(held.shift()!.address);
  }
  for (const { address, n } of held) {
    const expected = made(n);
    expect(packed.unpack(address, packed.section(address, SECTION.features).slice())).toEqual(expected);
    expect([...packed.section(address, SECTION.declared, SECTION.bands)]).toEqual([...expected.declared!, ...bands]);
  }
});

it('lets chunks go with their last record', () => {
  const packed = new PackedFeatures();
  const addresses: number[] = [];
  for (let n = 0; n < 10_000; n++) {
    addresses.push(packed.pack(made(n), Int32Array.of()));
    if (addresses.length > 300) packed.release(addresses.shift()!);
  }
  const chunks = new Set(addresses.map((address) => address >>> 14));
  expect(Math.max(...chunks)).toBeLessThan(12);
});
