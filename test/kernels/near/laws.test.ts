import { expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import { featuresOf } from '../../../src/kernels/near/features.ts';
import { findPairs } from '../../../src/kernels/near/find-pairs.ts';
import { FeatureFrequencies } from '../../../src/kernels/near/frequencies.ts';
import { bandKeys, SLOTS, signature } from '../../../src/kernels/near/min-hash.ts';
import { cosine, jaccard } from '../../../src/kernels/near/similarity.ts';

const texts = Array.from({ length: 60 }, (_, i) =>
  Array.from({ length: 3 + (i % 5) }, (_, w) => `word${Math.floor(uniform(i, w) * 40)}`).join(' '),
);
const features = texts.map((text) => featuresOf([text], 'both'));
const frequencies = new FeatureFrequencies();
for (const { hashes } of features) frequencies.add(hashes);

it('a record is wholly like itself, and likeness has no direction', () => {
  for (const a of features) {
    expect(cosine(a, a, frequencies)).toBeCloseTo(1, 12);
    expect(jaccard(a.hashes, a.hashes)).toBe(1);
    for (const b of features) {
      expect(cosine(a, b, frequencies)).toBe(cosine(b, a, frequencies));
      expect(jaccard(a.hashes, b.hashes)).toBe(jaccard(b.hashes, a.hashes));
    }
  }
});

it('frequencies of records that left are as if they had never come', () => {
  const some = new FeatureFrequencies();
  const fewer = new FeatureFrequencies();
  for (const { hashes } of features) some.add(hashes);
  for (const { hashes } of features.slice(0, 20)) some.remove(hashes);
  for (const { hashes } of features.slice(20)) fewer.add(hashes);
  for (const { hashes } of features) for (const hash of hashes) expect(some.weight(hash)).toBe(fewer.weight(hash));
});

it('the signature of a union is the lesser of each slot', () => {
  const [a, b] = [Int32Array.of(1, 5, 9, -77), Int32Array.of(5, 123456, -3)];
  const [x, y, both] = [signature(a), signature(b), signature(Int32Array.of(...a, ...b))];
  expect([...both]).toEqual(Array.from({ length: SLOTS }, (_, i) => Math.min(x[i]!, y[i]!)));
});

/** Two sets of 200 elements with Jaccard j: that many are shared. */
function sets(j: number, seed: number): readonly [Int32Array, Int32Array] {
  const shared = Math.round((400 * j) / (1 + j));
  const element = (side: number, i: number): number => (uniform(seed, side, i) * 4294967296) | 0;
  const of = (side: number) => Int32Array.from({ length: 200 }, (_, i) => element(i < shared ? 0 : side, i));
  return [of(1), of(2)];
}

it('two sets become candidates as often as 1 - (1 - J⁴)³² says, and agree in a share of J of the slots', () => {
  const trials = 300;
  for (const j of [0.3, 0.5, 0.7]) {
    let [met, agreed] = [0, 0];
    for (let t = 0; t < trials; t++) {
      const [a, b] = sets(j, 1000 + t);
      const [x, y] = [signature(a), signature(b)];
      const keys = bandKeys(y);
      if (bandKeys(x).some((key, band) => key === keys[band])) met++;
      agreed += x.filter((slot, i) => slot === y[i]).length / SLOTS;
    }
    const chance = 1 - (1 - j ** 4) ** 32;
    expect(Math.abs(met / trials - chance)).toBeLessThan(4 * Math.sqrt((chance * (1 - chance)) / trials) + 0.01);
    expect(Math.abs(agreed / trials - j)).toBeLessThan(0.02);
  }
});

it('a higher threshold only takes pairs away', () => {
  const rows = texts.map((text) => [text]);
  const names = (least: number) => new Set(findPairs(rows, { kind: 'person', least }).map(({ a, b }) => `${a} ${b}`));
  const [low, high] = [names(0.3), names(0.6)];
  expect(low.size).toBeGreaterThan(high.size);
  for (const pair of high) expect(low).toContain(pair);
});
