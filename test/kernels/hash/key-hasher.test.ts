import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash128, KeyHasher, LOOP_CHARS } from '../../../src/kernels/hash/key-hasher.ts';

const SEED = Uint32Array.of(1, 2, 3, 4);

function hash(values: readonly unknown[], seed = SEED): string {
  const hasher = new KeyHasher(seed);
  hasher.begin();
  for (const value of values) hasher.value(value);
  hasher.end();
  return `${hasher.h0}.${hasher.h1}.${hasher.h2}`;
}

describe('key hash', () => {
  it('tells apart values that look alike', () => {
    const alike: unknown[][] = [
      [1],
      ['1'],
      [true],
      ['true'],
      [null],
      ['null'],
      [undefined],
      ['undefined'],
      [''],
      [],
      [0],
      [-0],
      [false],
      [[1]],
      [['1']],
      ['[1]'],
      [{ a: 1 }],
      ['{"a":1}'],
      ['a', 'b'],
      ['ab'],
      ['ab', ''],
      ['', 'ab'],
      ['b', 'a'],
      ['a\0b'],
      ['a', undefined],
      ['a', null],
      ['a'],
      [new Uint8Array([97])],
      ['x'.repeat(LOOP_CHARS)],
      ['x'.repeat(LOOP_CHARS + 1)],
      ['x'.repeat(LOOP_CHARS), 'x'],
    ];
    expect(new Set(alike.map((values) => hash(values))).size).toBe(alike.length);
  });

  it('is equal for equal values, whatever the order of their properties', () => {
    expect(hash([{ a: 1, b: [2, { c: 3, d: 4 }] }])).toBe(hash([{ b: [2, { d: 4, c: 3 }], a: 1 }]));
  });

  it('is equal exactly when the lists of texts are equal', () => {
    const texts = fc.array(fc.string({ maxLength: 60, unit: 'binary' }), { maxLength: 3 });
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(hash(a) === hash(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { seed: 21, numRuns: 1000 },
    );
  });

  it('tells apart long texts that differ in a lone surrogate only', () => {
    const tail = 'x'.repeat(50);
    expect(hash([`\ud800${tail}`])).not.toBe(hash([`\ud801${tail}`]));
  });

  it('changes with the seed, for short and for long texts', () => {
    for (const text of ['a', 'x'.repeat(100)]) {
      const seen = [0, 1, 2, 3].map((i) => {
        const seed = SEED.slice();
        seed[i] = seed[i]! + 1;
        return hash([text], seed);
      });
      expect(new Set([...seen, hash([text])]).size).toBe(text === 'a' ? 4 : 5); // word 3 is for long texts only
    }
  });

  it('spreads: every lane of 200,000 near-equal keys is as full of collisions as chance allows', () => {
    const n = 200_000;
    const lanes = [new Set<number>(), new Set<number>(), new Set<number>()];
    const buckets = new Uint32Array(1024);
    const hasher = new KeyHasher(SEED);
    for (let i = 0; i < n; i++) {
      hasher.begin();
      hasher.value(`order-${i}`);
      hasher.end();
      lanes[0]!.add(hasher.h0);
      lanes[1]!.add(hasher.h1);
      lanes[2]!.add(hasher.h2);
      buckets[hasher.h1 >>> 22]!++;
    }
    // n² / 2³³ = 4.66 colliding pairs expected a lane; above 15 has a chance below 1e-4
    for (const lane of lanes) expect(n - lane.size).toBeLessThan(16);
    const mean = n / 1024; // chi² over 1,023 degrees of freedom: 1,023 ± 45
    let chi = 0;
    for (const count of buckets) chi += (count - mean) ** 2 / mean;
    expect(chi).toBeGreaterThan(800);
    expect(chi).toBeLessThan(1250);
  });

  it('flips about half of the bits when one bit of the key changes', () => {
    let flipped = 0;
    const hasher = new KeyHasher(SEED);
    const lanesOf = (text: string): number[] => {
      hasher.begin();
      hasher.value(text);
      hasher.end();
      return [hasher.h0, hasher.h1, hasher.h2];
    };
    const rounds = 2000;
    for (let i = 0; i < rounds; i++) {
      const a = lanesOf(`key-${i}-a`);
      const b = lanesOf(`key-${i}-c`);
      for (let lane = 0; lane < 3; lane++) flipped += popcount(a[lane]! ^ b[lane]!);
    }
    expect(flipped / (rounds * 96)).toBeGreaterThan(0.47);
    expect(flipped / (rounds * 96)).toBeLessThan(0.53);
  });
});

describe('hash128', () => {
  it('is 32 hex digits that depend on text and seed', () => {
    const seen = [hash128('a'), hash128('b'), hash128('a', 1), hash128('')];
    for (const text of seen) expect(text).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(seen).size).toBe(4);
  });
});

function popcount(word: number): number {
  let n = 0;
  for (let w = word >>> 0; w !== 0; w &= w - 1) n++;
  return n;
}
