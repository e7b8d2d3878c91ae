import type { Clock } from '../core/clock.ts';
import type { CommitReport, RunObserver } from '../core/observer.ts';
import type { RunSummary } from '../runtime/run.ts';

/** A terminal that shows one line which changes; absent: plain lines, one a report interval. */
export interface Terminal {
  readonly columns: number;
  readonly color: boolean;
}

/** How often the line of a terminal changes. */
const TERMINAL_EVERY_MS = 200;
const CLEAR_LINE = '\r\u001b[2K';

interface ProgressOptions {
  readonly clock: Clock;
  readonly everyMs: number;
  readonly terminal?: Terminal;
  readonly write: (text: string) => void;
}

/** How far a run is. Goes to stderr, so that stdout stays for `--json`. */
export class Progress implements RunObserver {
  private readonly options: ProgressOptions;
  private readonly started: number;
  private last: number;
  private records = 0;
  private lag: number | undefined;
  private readonly fates = new Map<string, number>();

  constructor(options: ProgressOptions) {
    this.options = options;
    this.started = options.clock.elapsed();
    this.last = this.started;
  }

  readonly commit = (report: CommitReport): void => {
    if (report.task.stage === 'source') this.records += report.counts.in;
    for (const [fate, n] of report.counts.fates) this.fates.set(fate, (this.fates.get(fate) ?? 0) + n);
    this.lag = report.end < 0 ? undefined : Math.max(0, report.end - report.position);
    const now = this.options.clock.elapsed();
    const { terminal, everyMs, write } = this.options;
    if (now - this.last < (terminal === undefined ? everyMs : TERMINAL_EVERY_MS)) return;
    this.last = now;
    const line = this.line((now - this.started) / 1000, terminal?.color === true);
    write(terminal === undefined ? `${line}\n` : `${CLEAR_LINE}${cutTo(line, terminal.columns)}`);
  };

  /** Takes the line of a terminal away, so that what follows stands alone. */
  end(): void {
    if (this.options.terminal !== undefined) this.options.write(CLEAR_LINE);
  }

  private line(seconds: number, color: boolean): string {
    const fate = (name: string) => this.fates.get(name) ?? 0;
    const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
    const quarantined = `${count(fate('quarantined'))} quarantined`;
    const parts = [
      `${count(this.records)} records`,
      `${count(Math.round(this.records / seconds))}/s`,
      fate('quarantined') === 0 ? quarantined : paint(31, quarantined),
      ...(fate('duplicate') > 0 ? [paint(33, `${count(fate('duplicate'))} duplicates`)] : []),
      ...(this.lag === undefined ? [] : [`${count(this.lag)} behind`]),
    ];
    return parts.join(', ');
  }
}

/** Not longer than the terminal is wide: a line that wraps cannot be taken back. Color codes take no room. */
function cutTo(line: string, columns: number): string {
  let shown = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '\u001b') at = line.indexOf('m', at);
    else if (++shown >= columns) return `${line.slice(0, at)}\u001b[0m`;
  }
  return line;
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
