import { expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import { NumberLists } from '../../../src/kernels/near/number-lists.ts';

function read(lists: NumberLists, handle: number): number[] {
  const start = lists.startOf(handle);
  return [...lists.memoryOf(handle).subarray(start, start + lists.lengthOf(handle))];
}

it('keeps lists apart while they grow, shrink and are freed', () => {
  const lists = new NumberLists();
  const model: { handle: number; numbers: number[] }[] = [];
  for (let step = 0; step < 20_000; step++) {
    const what = uniform(1, step);
    const at = Math.floor(uniform(2, step) * model.length);
    const one = model[at];
    if (one === undefined || what < 0.1) model.push({ handle: lists.pair(step, ~step), numbers: [step, ~step] });
    else if (what < 0.7) {
      one.handle = lists.push(one.handle, step);
      one.numbers.push(step);
    } else if (what < 0.95) {
      const value = one.numbers[Math.floor(uniform(3, step) * one.numbers.length)] ?? step;
      if (one.numbers.includes(value)) one.numbers.splice(one.numbers.indexOf(value), 1);
      expect(lists.remove(one.handle, value)).toBe(one.numbers.length);
    } else {
      lists.free(one.handle);
      model.splice(at, 1);
    }
    if (step % 200 === 0) expect(model.map(({ handle }) => read(lists, handle))).toEqual(model.map((m) => m.numbers));
  }
});
