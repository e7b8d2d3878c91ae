import { type Logger, pino } from 'pino';
import type { Log } from '../core/log.ts';

/** At most this many lines of one code a minute; the rest is counted and said once. */
const MAX_LINES_PER_CODE = 20;
const RATE_WINDOW_MS = 60_000;

export interface LogOptions {
  readonly level: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
  readonly write: (line: string) => void;
  readonly onSuppressed?: (code: string, lines: number) => void;
}

interface Budget {
  since: number;
  lines: number;
  suppressed: number;
}

/** JSON lines with a stable `code`, rate-limited by code; never the content of a record. */
export function createLog(options: LogOptions): Log {
  const logger: Logger = pino(
    { level: options.level, base: null, formatters: { level: (level) => ({ level }) } },
    { write: options.write },
  );
  const budgets = new Map<string, Budget>();
  const admit = (code: string): boolean => {
    const now = options.elapsed();
    const budget = budgets.get(code) ?? { since: now, lines: 0, suppressed: 0 };
    budgets.set(code, budget);
    if (now - budget.since >= RATE_WINDOW_MS) {
      if (budget.suppressed > 0)
        logger.warn({ code: 'log-suppressed', of: code, lines: budget.suppressed }, 'lines left out by the rate limit');
      budget.since = now;
      budget.lines = 0;
      budget.suppressed = 0;
    }
    if (++budget.lines <= MAX_LINES_PER_CODE) return true;
    budget.suppressed++;
    options.onSuppressed?.(code, 1);
    return false;
  };
  const at =
    (level: 'error' | 'warn' | 'info' | 'debug') =>
    (code: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (!logger.isLevelEnabled(level)) return;
      if (level === 'error' || admit(code)) logger[level]({ code, ...fields }, message);
    };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}
