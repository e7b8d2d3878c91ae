import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimerQueue } from '../../../src/kernels/window/timer-queue.ts';

function drain(queue: TimerQueue, now: number): string[] {
  const ids: string[] = [];
  for (let id = queue.due(now); id !== undefined; id = queue.due(now)) ids.push(id);
  return ids;
}

describe('timer queue', () => {
  it('gives what is due, earliest first, as the docstring says', () => {
    const queue = new TimerQueue();
    queue.set('a', 5);
    queue.set('b', 3);
    expect(queue.next).toBe(3);
    expect(drain(queue, 4)).toEqual(['b']);
    expect(drain(queue, 5)).toEqual(['a']);
    expect(queue.next).toBe(Number.POSITIVE_INFINITY);
  });

  it('moves a timer that is set again and forgets a cancelled one', () => {
    const queue = new TimerQueue();
    queue.set('a', 1);
    queue.set('b', 2);
    queue.set('a', 3);
    expect(queue.cancel('b')).toBe(true);
    expect(queue.cancel('b')).toBe(false);
    expect(drain(queue, 2)).toEqual([]);
    expect([queue.size, queue.timeOf('a')]).toEqual([1, 3]);
    expect(drain(queue, 3)).toEqual(['a']);
  });

  it('stays small when one timer moves for ever', () => {
    const queue = new TimerQueue();
    for (let i = 0; i < 10_000; i++) queue.set('a', i);
    expect(Reflect.get(queue, 'heap').length).toBeLessThan(100);
    expect(drain(queue, 9998)).toEqual([]);
    expect(drain(queue, 9999)).toEqual(['a']);
  });

  it('ignores a time that is none, and nothing is due at one', () => {
    const queue = new TimerQueue();
    queue.set('a', Number.NaN);
    expect(queue.size).toBe(0);
    queue.set('b', 1);
    expect(queue.due(Number.NaN)).toBeUndefined();
  });

  const operations = fc.array(
    fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      at: fc.integer({ min: 0, max: 9 }),
      cancel: fc.boolean(),
    }),
    { maxLength: 40 },
  );

  it('fires as a sorted list would, also after a checkpoint anywhere', () => {
    fc.assert(
      fc.property(operations, fc.nat({ max: 40 }), (list, cut) => {
        let queue = new TimerQueue();
        let model: { id: string; at: number }[] = [];
        list.forEach(({ id, at, cancel }, i) => {
          if (i === cut) {
            const saved = JSON.parse(JSON.stringify(queue.save()));
            queue = new TimerQueue();
            queue.restore(saved);
          }
          model = model.filter((timer) => timer.id !== id);
          if (cancel) queue.cancel(id);
          else {
            queue.set(id, at);
            model.push({ id, at });
          }
        });
        for (let now = 0; now < 10; now++) {
          const due = model.filter((timer) => timer.at === now).map((timer) => timer.id); // sort is by time, then order of setting
          expect(drain(queue, now)).toEqual(due);
        }
      }),
      { seed: 64, numRuns: 300 },
    );
  });
});
