import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CountMin } from '../../../src/kernels/sketch/count-min.ts';
import { FrozenBins } from '../../../src/kernels/sketch/frozen-bins.ts';
import { HyperLogLog } from '../../../src/kernels/sketch/hyper-log-log.ts';
import { Kll } from '../../../src/kernels/sketch/kll.ts';
import { Moments } from '../../../src/kernels/sketch/moments.ts';
import { SpaceSaving } from '../../../src/kernels/sketch/space-saving.ts';
import { ValueKinds } from '../../../src/kernels/sketch/value-kinds.ts';

interface Sketch<T> {
  add(value: T): void;
  merge(other: never): void;
  save(): Uint8Array;
}

interface Case {
  readonly name: string;
  readonly create: () => Sketch<never>;
  readonly load: (bytes: Uint8Array) => Sketch<never>;
  readonly value: fc.Arbitrary<unknown>;
  /** The state is a function of the values alone: order and shards leave the bytes as they are. */
  readonly exact: boolean;
}

const CASES: readonly Case[] = [
  { name: 'Moments', create: () => new Moments(), load: Moments.load, value: fc.double(), exact: false },
  { name: 'Kll', create: () => new Kll(16), load: Kll.load, value: fc.double(), exact: false },
  {
    name: 'FrozenBins',
    create: () => new FrozenBins([-1, 0, 0.5, 1e9]),
    load: FrozenBins.load,
    value: fc.double(),
    exact: true,
  },
  { name: 'HyperLogLog', create: () => new HyperLogLog(12), load: HyperLogLog.load, value: fc.anything(), exact: true },
  { name: 'CountMin', create: () => new CountMin(64, 3), load: CountMin.load, value: fc.anything(), exact: true },
  {
    name: 'SpaceSaving',
    create: () => new SpaceSaving(8),
    load: SpaceSaving.load,
    value: fc.string({ maxLength: 1 }),
    exact: false,
  },
  { name: 'ValueKinds', create: () => new ValueKinds(), load: ValueKinds.load, value: fc.anything(), exact: true },
];

function fill(subject: Case, values: readonly unknown[]): Sketch<never> {
  const sketch = subject.create();
  for (const value of values) sketch.add(value as never);
  return sketch;
}

function merged(subject: Case, shards: readonly (readonly unknown[])[]): Sketch<never> {
  const whole = subject.create();
  for (const shard of shards) whole.merge(fill(subject, shard) as never);
  return whole;
}

describe.each(CASES)('$name', (subject) => {
  const values = fc.array(subject.value, { maxLength: 400 });

  it('is the same after it was written and read, and goes on the same', () => {
    fc.assert(
      fc.property(values, values, (before, after) => {
        const sketch = fill(subject, before);
        const copy = subject.load(sketch.save());
        expect(copy.save()).toEqual(sketch.save());
        for (const value of after) {
          sketch.add(value as never);
          copy.add(value as never);
        }
        expect(copy.save()).toEqual(sketch.save());
      }),
      { numRuns: 40 },
    );
  });

  it('refuses bytes that were cut short or are of another kind', () => {
    const bytes = fill(subject, fc.sample(subject.value, { numRuns: 50, seed: 5 })).save();
    expect(() => subject.load(bytes.slice(0, bytes.length - 1))).toThrow(/end too early/);
    expect(() => subject.load(Uint8Array.from(bytes, (byte, i) => (i === 0 ? byte + 1 : byte)))).toThrow(/expected/);
    expect(() => subject.load(Uint8Array.from(bytes, (byte, i) => (i === 4 ? 9 : byte)))).toThrow(/layout 9/);
  });

  if (subject.exact)
    it('does not depend on order or shards', () => {
      fc.assert(
        fc.property(values, values, values, (a, b, c) => {
          const one = fill(subject, [...a, ...b, ...c]).save();
          expect(fill(subject, [...c, ...b, ...a].reverse()).save()).toEqual(one);
          expect(merged(subject, [a, b, c]).save()).toEqual(one);
          expect(merged(subject, [c, a, b]).save()).toEqual(one);
        }),
        { numRuns: 40 },
      );
    });
});

describe('moments', () => {
  const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 8, maxLength: 300 });

  function reference(values: readonly number[]): readonly number[] {
    const n = values.length;
    const mean = values.reduce((a, b) => a + b, 0) / n;
    const m = (power: number): number => values.reduce((sum, x) => sum + (x - mean) ** power, 0);
    return [mean, m(2) / (n - 1), (Math.sqrt(n) * m(3)) / m(2) ** 1.5, (n * m(4)) / m(2) ** 2 - 3];
  }

  function close(found: readonly number[], wanted: readonly number[], scale: number): void {
    for (const [i, value] of found.entries())
      if (Number.isFinite(wanted[i]!))
        expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(1e-9 * Math.max(Math.abs(wanted[i]!), scale));
  }

  it('are those of the two-pass formulas, in one piece, in any order and merged', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const whole = new Moments();
        for (const x of [...b.reverse(), ...a]) whole.add(x);
        const left = new Moments();
        const right = new Moments();
        for (const x of a) left.add(x);
        for (const x of b) right.add(x);
        left.merge(right);
        const wanted = reference([...a, ...b]);
        fc.pre(wanted[1]! > 1e-3);
        for (const m of [whole, left]) {
          expect([m.n, m.min, m.max]).toEqual([a.length + b.length, Math.min(...a, ...b), Math.max(...a, ...b)]);
          close([m.mean, m.variance, m.skewness, m.kurtosis], wanted, 1e3);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('keeps the variance of readings on a large offset and counts what is no number', () => {
    const m = new Moments();
    for (let i = 0; i < 1000; i++) m.add(1e9 + (i % 10));
    for (const x of [Number.NaN, Number.POSITIVE_INFINITY]) m.add(x);
    expect(m.variance).toBeCloseTo((8.25 * 1000) / 999, 6);
    expect([m.n, m.skipped]).toEqual([1000, 2]);
  });
});

describe('value kinds', () => {
  it('tell types and formats apart', () => {
    const kinds = new ValueKinds();
    for (const value of [undefined, null, true, 3, 3.5, Number.NaN, [], {}]) kinds.add(value);
    const texts = {
      empty: '',
      blank: '  ',
      integer: '-12',
      decimal: '1.5e3',
      'not-a-number': 'NaN',
      boolean: 'True',
      date: '2026-02-28',
      'date-time': '2026-02-28T10:00:00Z',
      uuid: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      email: 'a@example.org',
      ipv4: '10.0.0.1',
      other: '2026-02-30',
    } as const;
    for (const text of Object.values(texts)) kinds.add(text);
    expect(kinds.nulls).toBe(2);
    expect(kinds.n).toBe(8 + Object.keys(texts).length);
    for (const name of Object.keys(texts)) expect(kinds.format(name as keyof typeof texts), name).toBe(1);
    for (const name of ['missing', 'null', 'boolean', 'integer', 'decimal', 'not-finite', 'list', 'object'] as const)
      expect(kinds.type(name), name).toBe(1);
  });
});
