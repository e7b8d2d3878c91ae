import { expect, it } from 'vitest';
import { mix32, uniform } from '../../../src/core/hash.ts';
import { KeyTable, NONE } from '../../../src/kernels/near/key-table.ts';

it('holds what a Map holds, whatever is set and deleted in which order', () => {
  const table = new KeyTable();
  const model = new Map<number, number>();
  // keys of few low bits stand close together, so that gaps are closed over many
  const keys = Array.from({ length: 3000 }, (_, i) => mix32(i) & 0x8000_0fff);
  for (let step = 0; step < 60_000; step++) {
    const key = keys[Math.floor(uniform(1, step) * keys.length)]!;
    if (uniform(2, step) < (step < 30_000 ? 0.7 : 0.4)) {
      table.set(key, step);
      model.set(key, step);
    } else {
      table.delete(key);
      model.delete(key);
    }
    expect(table.size).toBe(model.size);
    if (step % 500 === 0) for (const each of keys) expect(table.get(each)).toBe(model.get(each) ?? NONE);
  }
});

it('takes every key and every value but the one that says none', () => {
  const table = new KeyTable();
  for (const key of [0, -1, 0x7fffffff, -0x80000000]) table.set(key, key === 0 ? -1 : 0);
  expect([0, -1, 0x7fffffff, -0x80000000, 5].map((key) => table.get(key))).toEqual([-1, 0, 0, 0, NONE]);
});
