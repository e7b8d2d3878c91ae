import { expect, test } from 'vitest';
import { OutageError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { waitOut } from '../../src/runtime/outage.ts';
import { ManualClock } from '../../src/testing/manual-clock.ts';

const outage = () => new OutageError('it is out', { code: 'registry-unavailable', service: 'schema-registry' });

function setting(isOut: (clock: ManualClock) => boolean) {
  const clock = new ManualClock();
  const told: string[] = [];
  const logged: number[] = [];
  const stop = new AbortController();
  let waited = 0;
  let tries = 0;
  const work = async () => {
    tries++;
    if (isOut(clock)) throw outage();
  };
  const done = waitOut(work, {
    clock,
    signal: stop.signal,
    task: 't',
    log: { ...silentLog, warn: () => void logged.push(clock.elapsed()), info: (code) => void told.push(code) },
    onWait: (reason) => void told.push(reason),
    onElapsed: async (_service, ms) => {
      waited += ms;
    },
    onBack: () => void told.push('back'),
  });
  return { clock, told, logged, stop, done, waited: () => waited, tries: () => tries };
}

test('ten minutes out: told once, logged every half minute, asked every five seconds, and then it goes on', async () => {
  const run = setting((clock) => clock.elapsed() < 600_000);
  expect(await run.clock.until(run.done)).toBe(true);
  expect(run.told).toStrictEqual(['it is out', 'outage-over', 'back']);
  expect(run.logged.length).toBeGreaterThan(15);
  expect(run.logged.length).toBeLessThan(22);
  expect(run.tries()).toBeLessThan(130);
  expect(run.waited()).toBeGreaterThan(590_000);
});

test('nothing is said when nothing is out', async () => {
  const run = setting(() => false);
  expect(await run.done).toBe(true);
  expect(run.told).toStrictEqual([]);
});

test('a stop ends the wait at once', async () => {
  const run = setting(() => true);
  await run.clock.advance(20_000);
  run.stop.abort();
  expect(await run.clock.until(run.done)).toBe(false);
});

test('another error is no outage', async () => {
  const clock = new ManualClock();
  const nothing = () => {};
  const done = waitOut(() => Promise.reject(new Error('a bug')), {
    clock,
    signal: new AbortController().signal,
    task: 't',
    log: silentLog,
    onWait: nothing,
    onElapsed: async () => {},
    onBack: nothing,
  });
  await expect(done).rejects.toThrow('a bug');
});
