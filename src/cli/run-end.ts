import { join } from 'node:path';
import type { RunSummary } from '../runtime/run.ts';
import type { Gate } from './gates.ts';
import { summaryTable } from './progress.ts';

export interface EndFlags {
  readonly local?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What a topology has done: a table for people on stderr, a line for programs on stdout. */
export function printSummary(summary: RunSummary, { local, json, quiet }: EndFlags): void {
  if (!quiet) {
    const nothing = summary.resumed && summary.read === 0 ? 'nothing new\n' : '';
    const files =
      local === undefined ? [] : Object.keys(summary.outputs).map((topic) => `  ${join(local, `${topic}.ndjson`)}\n`);
    process.stderr.write(
      `${nothing}${summaryTable(summary)}${files.length > 0 ? `\n  files\n${files.map((file) => `  ${file}`).join('')}` : ''}`,
    );
  }
  if (json) {
    const { read: _read, ...printed } = summary;
    process.stdout.write(`${JSON.stringify(printed)}\n`);
  }
}

/** Whether every gate holds; says which do not. */
export function checkGates(summary: RunSummary, gates: readonly Gate[]): boolean {
  const counts: Record<string, number> = {};
  for (const [name, value] of Object.entries(summary)) if (typeof value === 'number') counts[name] = value;
  const violations = gates
    .map((gate) => gate.violation({ counts, rules: summary.rules }))
    .filter((text) => text !== undefined);
  for (const text of violations) process.stderr.write(`${summary.topology}: ${text}\n`);
  return violations.length === 0;
}
