import type { DataRecord } from '../../core/record.ts';
import { SILENT } from '../label-model/pattern-table.ts';
import { INVALID, VALID } from '../label-model/verdict.ts';
import { applies, type Check, speaks } from './check.ts';
import { hasFailed } from './fuse.ts';

/**
 * Rules as voters: checks of one name are one rule. It says INVALID where one of its checks fails, VALID where one had
 * something to look at, and stays SILENT elsewhere. Warnings, infos and shadow rules have no vote.
 */
export class RuleVotes {
  readonly names: readonly string[];
  private readonly checks: readonly Check[];
  /** Indexes of the checks of each rule. */
  private readonly members: readonly (readonly number[])[];

  constructor(checks: readonly Check[]) {
    const groups = new Map<string, number[]>();
    for (const [i, { rule }] of checks.entries()) {
      if (rule.shadow || rule.severity !== 'error') continue;
      const group = groups.get(rule.name);
      if (group === undefined) groups.set(rule.name, [i]);
      else group.push(i);
    }
    this.checks = checks;
    this.names = [...groups.keys()];
    this.members = [...groups.values()];
  }

  /** Fills `answers`, one a rule, from the bits of the checks that failed. */
  read(record: DataRecord, failed: Int32Array, answers: Int16Array): void {
    for (let r = 0; r < this.members.length; r++) {
      let answer = SILENT;
      for (const i of this.members[r]!) {
        const check = this.checks[i]!;
        if (check.rule.when.length > 0 && !applies(check.rule, record)) continue;
        if (hasFailed(failed, i)) {
          answer = INVALID;
          break;
        }
        if (answer === SILENT && speaks(check, record, record.data)) answer = VALID;
      }
      answers[r] = answer;
    }
  }
}
