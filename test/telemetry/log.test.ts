import { expect, it } from 'vitest';
import { createLog, type LogOptions } from '../../src/telemetry/log.ts';

const A_MINUTE_MS = 60_000;

function logAt(level: LogOptions['level']) {
  const written: { readonly code: string; readonly of?: string; readonly lines?: number }[] = [];
  const leftOut: string[] = [];
  const time = { now: 0 };
  const log = createLog({
    level,
    elapsed: () => time.now,
    write: (line) => written.push(JSON.parse(line)),
    onSuppressed: (code) => leftOut.push(code),
  });
  return { log, written, leftOut, time };
}

it('leaves out what repeats itself, counts it, and says so when a minute is over', () => {
  const { log, written, leftOut, time } = logAt('info');
  for (let i = 0; i < 25; i++) log.warn('slow', 'a request takes long');
  log.warn('other', 'something else');
  expect(written.filter(({ code }) => code === 'slow')).toHaveLength(20);
  expect(written.at(-1)).toMatchObject({ code: 'other' });
  expect(leftOut).toEqual(Array(5).fill('slow'));
  time.now = A_MINUTE_MS;
  log.warn('slow', 'a request takes long');
  expect(written.slice(-2)).toMatchObject([{ code: 'log-suppressed', of: 'slow', lines: 5 }, { code: 'slow' }]);
});

it('leaves no error out', () => {
  const { log, written } = logAt('info');
  for (let i = 0; i < 25; i++) log.error('failed', 'it failed');
  expect(written).toHaveLength(25);
});

it('does not call left out what nobody asked for', () => {
  const { log, written, leftOut, time } = logAt('warn');
  for (let i = 0; i < 100; i++) log.debug('chatter', 'what the client has to say');
  time.now = A_MINUTE_MS;
  log.debug('chatter', 'what the client has to say');
  expect(leftOut).toEqual([]);
  expect(written).toEqual([]);
});
