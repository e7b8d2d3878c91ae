import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { stopSignal } from '../../src/cli/stop-signal.ts';
import { silentLog } from '../../src/core/log.ts';

const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never); // the test goes on
const error = vi.fn();
const log = { ...silentLog, error };

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.clearAllMocks();
});

it('a stop that takes longer than 30 s ends the process, and says so', () => {
  const stop = stopSignal(log);
  stop.stop(new Error('asked'));
  expect(stop.signal.aborted).toBe(true);
  vi.advanceTimersByTime(29_999);
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(error).toHaveBeenCalledWith('stop-deadline', expect.stringContaining('30 s'));
  expect(exit).toHaveBeenCalledWith(1);
  stop.dispose();
});

it('a stop that is done in time ends nothing', () => {
  const stop = stopSignal(log);
  stop.stop(new Error('asked'));
  stop.dispose();
  vi.advanceTimersByTime(60_000);
  expect(exit).not.toHaveBeenCalled();
  expect(error).not.toHaveBeenCalled();
});
