import { expect, it } from 'vitest';
import type { Counts } from '../../src/core/observer.ts';
import { emptyCounts } from '../../src/runtime/counters.ts';
import { RunTotals } from '../../src/runtime/run-totals.ts';

const task = (partition: number, stage = 'source') => ({ topology: 't', stage, topic: 'in', partition });
const counts = (input: number): Counts => ({ ...emptyCounts(), in: input, fates: new Map([['curated', input]]) });

it('a task that went from one owner to another counts once, as the one that came furthest tells it', () => {
  const totals = new RunTotals();
  totals.left(task(0), counts(10), false);
  totals.left(task(1), counts(5), false);
  totals.left(task(0), counts(30), true);
  totals.left(task(0), counts(20), true); // told late
  expect(totals.summary('t', 1)).toMatchObject({ in: 35, curated: 35, resumed: false });
});

it('records go in at the source, and out at any stage', () => {
  const totals = new RunTotals();
  totals.left(task(0), { ...counts(10), fates: new Map([['forwarded', 10]]) }, true);
  totals.left(task(0, 'by-item'), counts(10), true);
  expect(totals.summary('t', 1)).toMatchObject({ in: 10, curated: 10, resumed: true });
});
