import { expect, it } from 'vitest';
import type { EventSample } from '../../src/core/observer.ts';
import { EventBook } from '../../src/telemetry/event-book.ts';

const drift = (type: string, time: string, data: Record<string, unknown> = {}): EventSample => ({
  type,
  step: 'watch',
  time,
  data: { field: 'temperature', ...data },
});

it('keeps an alarm open however many other events come after it', () => {
  const book = new EventBook();
  book.add([drift('drift.alarm', 't1', { chart: 'location', severity: 'high' })]);
  for (let i = 0; i < 3000; i++)
    book.add([{ type: 'voter.report', step: 'vote', data: { voter: `v${i}`, accuracy: 0.9 } }]);
  expect(Object.values(book.views().alarms)).toMatchObject([{ type: 'drift.alarm', state: 'open', time: 't1' }]);
  expect(Object.keys(book.views().voters)).toHaveLength(2000);
  expect(book.newest(1000)).toHaveLength(500);
});

it('closes an alarm by what ends it, of its own field and segment alone', () => {
  const book = new EventBook();
  book.add([
    drift('drift.alarm', 't1', { segment: { country: 'fr' } }),
    drift('drift.alarm', 't2', { segment: { country: 'de' } }),
    drift('drift.recovered', 't3', { segment: { country: 'fr' } }),
  ]);
  expect(Object.values(book.views().alarms).map(({ time, state }) => [time, state])).toEqual([
    ['t1', 'over'],
    ['t2', 'open'],
  ]);
});

it('tells what became of each field, in order', () => {
  const book = new EventBook();
  book.add([
    drift('drift.referenced', 't1'),
    drift('drift.alarm', 't2', { chart: 'scale', severity: 'low' }),
    drift('drift.recovered', 't3'),
    { type: 'window.failed', step: 'rows', data: { field: 'temperature' } },
  ]);
  expect(Object.values(book.views().history)).toEqual([
    {
      step: 'watch',
      field: 'temperature',
      segment: null,
      turns: [
        { type: 'drift.referenced', time: 't1', said: '' },
        { type: 'drift.alarm', time: 't2', said: 'scale, low' },
        { type: 'drift.recovered', time: 't3', said: '' },
      ],
    },
  ]);
});
