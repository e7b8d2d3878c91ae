import { expect, it } from 'vitest';
import { Inspections } from '../../src/telemetry/inspections.ts';

const task = (partition: number) => ({ topology: 't', stage: 'source', topic: 'raw', partition });
const group = (key: string, count: number) => ({ key, count, error: 0, members: [] });

it('adds up what several tasks say of a group, and keeps the newest word of each', () => {
  const all = new Inspections();
  all.set(task(0), 'near', { groups: [group('a', 50)] });
  all.set(task(0), 'near', { groups: [group('a', 3), group('b', 4)] });
  all.set(task(1), 'near', { groups: [group('a', 2)] });
  all.set(task(1), 'asked', { groups: [group('a', 7)] });
  expect(Object.values(all.groups()).map(({ step, key, count }) => [step, key, count])).toEqual([
    ['near', 'a', 5],
    ['near', 'b', 4],
    ['asked', 'a', 7],
  ]);
});

it('shows at most twenty groups of a step, the largest', () => {
  const all = new Inspections();
  for (const partition of [0, 1])
    all.set(task(partition), 'near', {
      groups: Array.from({ length: 20 }, (_, i) => group(`${partition}/${i}`, 100 * partition + i)),
    });
  const shown = Object.values(all.groups());
  expect(shown).toHaveLength(20);
  expect(shown.every(({ count }) => count >= 100)).toBe(true);
});
