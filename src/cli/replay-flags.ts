import type { Choice } from '../quarantine/choice.ts';
import { count } from './progress.ts';
import type { FilterFlags, QuarantineFlags } from './quarantine-flags.ts';

export interface ReplayFlags extends FilterFlags, QuarantineFlags {
  readonly run?: string;
  readonly dryRun?: boolean;
  readonly rate?: number;
  readonly fix?: string;
  readonly maxAttempts: number;
  readonly json?: boolean;
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function sayLeftOut(choice: Choice): void {
  for (const { n, why } of choice.leftOut()) say(`${count(n)} left out: ${why}`);
}
