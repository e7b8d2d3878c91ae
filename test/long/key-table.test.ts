import { expect, it } from 'vitest';
import { mix32 } from '../../src/core/hash.ts';
import { KeyTable } from '../../src/kernels/near/key-table.ts';

it('takes more keys than a Map does', () => {
  const table = new KeyTable();
  const count = 2 ** 24 + 1000;
  const map = new Map<number, number>();
  expect(() => {
    for (let i = 0; i < count; i++) map.set(i, i);
  }).toThrow(RangeError);
  map.clear();
  for (let i = 0; i < count; i++) table.set(mix32(i) | 0, i); // mix32 gives each its own
  let right = 0;
  for (let i = 0; i < count; i++) if (table.get(mix32(i) | 0) === i) right++;
  expect([table.size, right]).toEqual([count, count]);
});
