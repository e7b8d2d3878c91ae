import { ConfigError } from '../core/errors.ts';
import type { QuarantineEntry } from '../quarantine/entry.ts';
import { type FixValues, fixRecords } from '../quarantine/fix.ts';
import { replayRecord } from '../quarantine/replay-set.ts';
import type { Plan } from '../topology/plan.ts';
import { count } from './progress.ts';
import { say } from './replay-flags.ts';
import { loadFix } from './replay-trial.ts';

/** Values as the steps of a fix make them. */
export class Fixer {
  private readonly plan: Plan;
  private readonly path: string | undefined;
  private readonly values: FixValues | undefined;
  private seen = 0;
  private changed = 0;

  private constructor(plan: Plan, path: string | undefined, values: FixValues | undefined) {
    this.plan = plan;
    this.path = path;
    this.values = values;
  }

  /** Throws ConfigError for a fix that cannot be. */
  static async load(plan: Plan, path: string | undefined): Promise<Fixer> {
    if (path === undefined) return new Fixer(plan, path, undefined);
    const other = plan.stages[0]?.inputs.find(({ format }) => format !== 'json');
    if (other !== undefined)
      throw new ConfigError(`--fix on Kafka writes JSON, and ${other.topics.join(', ')} is ${other.format}`, {
        code: 'fix-format',
      });
    return new Fixer(plan, path, await loadFix(path));
  }

  /** Parallel to the entries, which have a value. */
  async fix(entries: readonly QuarantineEntry[]): Promise<readonly (string | Uint8Array)[]> {
    const records = entries.map(replayRecord);
    const fixed = this.values === undefined ? records : await fixRecords(this.plan, records, this.values);
    this.seen += fixed.length;
    this.changed += fixed.filter((record) => record.fixed).length;
    return fixed.map(({ value }) => value ?? '');
  }

  say(): void {
    if (this.path !== undefined) say(`${count(this.changed)} of ${count(this.seen)} changed by ${this.path}`);
  }
}
