import { expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import { type Features, featuresOf } from '../../../src/kernels/near/features.ts';
import { findPairs } from '../../../src/kernels/near/find-pairs.ts';
import { FeatureFrequencies } from '../../../src/kernels/near/frequencies.ts';
import { HeldFeatures } from '../../../src/kernels/near/held-features.ts';
import { bandKeys, SLOTS, signature } from '../../../src/kernels/near/min-hash.ts';
import { jaccard } from '../../../src/kernels/near/similarity.ts';

const texts = Array.from({ length: 60 }, (_, i) =>
  Array.from({ length: 3 + (i % 5) }, (_, w) => `word${Math.floor(uniform(i, w) * 40)}`).join(' '),
);
const features = texts.map((text) => featuresOf([text], 'both'));
/** Cosines as they are defined, with the frequencies of all the records. */
function cosine(a: Features, b: Features, all: readonly Features[]): number {
  const weights = ({ hashes, counts }: Features): Map<number, number> =>
    new Map(
      [...hashes].map((hash, i) => {
        const df = all.filter((one) => one.hashes.includes(hash)).length;
        return [hash, (1 + Math.log(counts[i]!)) * Math.log((all.length + 100) / (df + 1))];
      }),
    );
  const [u, v] = [weights(a), weights(b)];
  const product = (x: Map<number, number>, y: Map<number, number>): number =>
    [...x].reduce((sum, [hash, weight]) => sum + weight * (y.get(hash) ?? 0), 0);
  return product(u, v) / Math.sqrt(product(u, u) * product(v, v));
}

it('a record is wholly like itself, and likeness has no direction', () => {
  const held = new HeldFeatures({ features: 'both', codes: false });
  const addresses = Int32Array.from(features, (one) => held.pack(one));
  for (const address of addresses) held.count(address);
  const likenesses = features.map((one) => held.likenesses(one, addresses));
  for (const [i, a] of features.entries()) {
    expect(likenesses[i]![i]).toBeCloseTo(1, 12);
    expect(jaccard(a.hashes, a.hashes)).toBe(1);
    for (const [j, b] of features.entries()) {
      expect(likenesses[i]![j]).toBe(likenesses[j]![i]);
      expect(jaccard(a.hashes, b.hashes)).toBe(jaccard(b.hashes, a.hashes));
    }
  }
});

it('likeness is the cosine of the records that are counted, also after others left and their ids were given again', () => {
  const held = new HeldFeatures({ features: 'both', codes: false });
  const counted = [...texts.slice(0, 10), 'aa aa aa aa aaaa aa', 'other1 other2', ''].map((text) =>
    featuresOf([text], 'both'),
  );
  const gone = features.slice(30).map((one) => held.pack(one));
  for (const address of gone) held.count(address);
  const addresses = Int32Array.from(counted.slice(0, 6), (one) => held.pack(one));
  for (const address of addresses) held.count(address);
  for (const address of gone) {
    held.uncount(address);
    held.release(address);
  }
  const later = Int32Array.from(counted.slice(6), (one) => held.pack(one));
  for (const address of later) held.count(address);
  const all = Int32Array.of(...addresses, ...later);
  for (const one of [...counted, featuresOf(['never seen aa aa'], 'both')]) {
    const expected = counted.map((other) =>
      other.hashes.length === 0 || one.hashes.length === 0 ? 0 : cosine(one, other, counted),
    );
    for (const [i, likeness] of held.likenesses(one, all).entries()) expect(likeness).toBeCloseTo(expected[i]!, 12);
  }
  for (const [i, one] of counted.entries()) expect(held.at(all[i]!)).toMatchObject(one);
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

it('an unrelated record changes no verdict on texts, which are not weighted', () => {
  const rows = texts.map((text) => [text]);
  const pairs = findPairs(rows, { kind: 'text', least: 0.3 });
  expect(pairs.length).toBeGreaterThan(20);
  expect(findPairs([...rows, ['quite another matter']], { kind: 'text', least: 0.3 })).toEqual(pairs);
});
