import type { Clock } from '../core/clock.ts';
import type { CommitReport, RunObserver } from '../core/observer.ts';
import type { RunSummary } from '../runtime/run.ts';

/** One line a report interval, and at the end a table. Goes to stderr, so that stdout stays for `--json`. */
export class Progress implements RunObserver {
  private readonly clock: Clock;
  private readonly everyMs: number;
  private readonly write: (text: string) => void;
  private readonly started: number;
  private last: number;
  private records = 0;
  private quarantined = 0;

  constructor(options: { readonly clock: Clock; readonly everyMs: number; readonly write: (text: string) => void }) {
    this.clock = options.clock;
    this.everyMs = options.everyMs;
    this.write = options.write;
    this.started = options.clock.elapsed();
    this.last = this.started;
  }

  readonly commit = (report: CommitReport): void => {
    if (report.task.stage === 'source') this.records += report.counts.in;
    this.quarantined += report.counts.fates.get('quarantined') ?? 0;
    const now = this.clock.elapsed();
    if (now - this.last < this.everyMs) return;
    this.last = now;
    const seconds = (now - this.started) / 1000;
    this.write(
      `${count(this.records)} records, ${count(this.quarantined)} quarantined, ${count(Math.round(this.records / seconds))}/s\n`,
    );
  };
}

const FATES = ['curated', 'quarantined', 'duplicate', 'routed', 'late', 'merged', 'held', 'dropped'] as const;
const MAX_RULES_SHOWN = 10;

export function summaryTable(summary: RunSummary): string {
  const rows: [string, string][] = [['in', count(summary.in)]];
  for (const fate of FATES)
    if (summary[fate] > 0 || fate === 'curated' || fate === 'quarantined') rows.push([fate, count(summary[fate])]);
  rows.push(['seconds', summary.seconds.toFixed(2)]);
  const width = Math.max(...rows.map(([, value]) => value.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(12)} ${value.padStart(width)}`);
  const rules = Object.entries(summary.rules).sort(([, a], [, b]) => b - a);
  if (rules.length > 0) {
    lines.push('', '  findings');
    const ruleWidth = Math.max(...rules.slice(0, MAX_RULES_SHOWN).map(([name]) => name.length));
    for (const [name, n] of rules.slice(0, MAX_RULES_SHOWN))
      lines.push(`    ${plain(name).padEnd(ruleWidth)}  ${count(n).padStart(7)}`);
    if (rules.length > MAX_RULES_SHOWN) lines.push(`    … and ${rules.length - MAX_RULES_SHOWN} more rules`);
  }
  return `${summary.topology}\n${lines.join('\n')}\n`;
}

export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** Names come from files: no control characters reach the terminal. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
