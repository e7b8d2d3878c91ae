import { expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import type { StatePart } from '../../../src/core/state.ts';
import { EntryStore } from '../../../src/kernels/repair/entry-store.ts';

const BOX = {
  save: ({ value }: { value: number }) => value,
  load: (value: number) => ({ value }),
  size: () => 8,
};
const SHAPE = { save: (value: number) => value, load: (value: number) => value, size: () => 8 };

it('keeps the order of touch through shifts, checkpoints and restores of parts in any order', () => {
  let store = new EntryStore<number>('s', SHAPE);
  const model = new Map<string, number>();
  const parts = new Map<string, StatePart>();
  for (let step = 0; step < 3000; step++) {
    const key = String(Math.floor(uniform(1, step) * 40));
    const what = uniform(2, step);
    if (what < 0.6) {
      store.put(key, step);
      model.delete(key);
      model.set(key, step);
    } else if (what < 0.9) {
      const oldest = model.entries().next().value;
      expect(store.shift()).toEqual(oldest);
      if (oldest !== undefined) model.delete(oldest[0]);
    } else {
      const [put, drop]: [StatePart[], string[]] = [[], []];
      store.checkpoint(put, drop);
      for (const name of drop) parts.delete(name);
      for (const part of put) parts.set(part.name, part);
      const floor = store.floor;
      store = new EntryStore<number>('s', SHAPE);
      const order = (name: string): number => uniform(3, step, Number(name.slice(2)));
      for (const name of [...parts.keys()].sort((a, b) => order(a) - order(b))) store.restore(parts.get(name)!);
      store.dropBelow(floor);
    }
    expect(store.oldest()).toBe(model.values().next().value);
    expect([store.size, store.bytes]).toEqual([model.size, 8 * model.size]);
    if (step % 50 === 0) expect([store.keys(), store.values()]).toEqual([[...model.keys()], [...model.values()]]);
  }
});

it('finds the oldest as fast in a large window as in a small one', () => {
  const cost = (window: number): number => {
    const store = new EntryStore<number>('s', SHAPE);
    for (let i = 0; i < window; i++) store.put(String(i), i);
    const from = process.cpuUsage();
    for (let i = window; i < window + 40_000; i++) {
      store.shift();
      store.put(String(i), i);
    }
    return process.cpuUsage(from).user;
  };
  cost(500);
  expect(cost(60_000)).toBeLessThan(6 * cost(500));
});

it('keeps what changed without a touch, and its place, through restores of parts in any order', () => {
  let store = new EntryStore<{ value: number }>('s', BOX);
  const model = new Map<string, number>();
  const parts = new Map<string, StatePart>();
  for (let step = 0; step < 3000; step++) {
    const key = String(Math.floor(uniform(11, step) * 40));
    const what = uniform(12, step);
    if (what < 0.3) {
      store.put(key, { value: step });
      model.delete(key);
      model.set(key, step);
    } else if (what < 0.6) {
      const held = store.get(key);
      if (held === undefined) continue;
      held.value = step;
      store.update(key);
      model.set(key, step);
    } else if (what < 0.8) {
      const [oldest] = model;
      expect(store.shift()?.[0]).toBe(oldest?.[0]);
      if (oldest !== undefined) model.delete(oldest[0]);
    } else {
      const [put, drop]: [StatePart[], string[]] = [[], []];
      store.checkpoint(put, drop);
      for (const name of drop) parts.delete(name);
      for (const part of put) parts.set(part.name, part);
      const floor = store.floor;
      store = new EntryStore<{ value: number }>('s', BOX);
      const order = (name: string): number => uniform(13, step, Number(name.slice(2)));
      for (const name of [...parts.keys()].sort((a, b) => order(a) - order(b))) store.restore(parts.get(name)!);
      store.dropBelow(floor);
    }
    if (step % 10 === 0)
      expect([store.keys(), store.values().map(({ value }) => value)]).toEqual([
        [...model.keys()],
        [...model.values()],
      ]);
  }
});

it('writes an entry again only when what is held has doubled', () => {
  const written = (count: number): number => {
    let saved = 0;
    const save = (value: number): number => {
      saved++;
      return value;
    };
    const store = new EntryStore<number>('s', { ...SHAPE, save });
    let most = 0;
    const parts = new Set<string>();
    for (let i = 1; i <= count; i++) {
      store.put(String(i), i);
      if (uniform(5, i) > 0.01) continue; // parts of very different sizes
      const [put, drop]: [StatePart[], string[]] = [[], []];
      store.checkpoint(put, drop);
      for (const part of put) parts.add(part.name);
      for (const name of drop) parts.delete(name);
      most = Math.max(most, parts.size);
    }
    expect(most).toBeLessThanOrEqual(10 + Math.log2(count));
    return saved / count;
  };
  for (const count of [5000, 80_000]) expect(written(count)).toBeLessThanOrEqual(2 + Math.log2(count / 100));
});
