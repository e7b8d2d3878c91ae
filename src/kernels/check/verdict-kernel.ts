import type { FieldSlot } from '../../core/field.ts';
import type { Kernel, KernelStats, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import { DataRecord } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { Feedback } from '../label-model/feedback.ts';
import { LabelModel } from '../label-model/label-model.ts';
import { SILENT } from '../label-model/pattern-table.ts';
import {
  anyError,
  INVALID,
  majorityVerdict,
  modelVerdict,
  VALID,
  type Verdict,
  type VerdictThresholds,
} from '../label-model/verdict.ts';
import { applies, type Check } from './check.ts';
import { type Detail, detailsOf } from './check-kernel.ts';
import { fuseChecks, hasFailed, type Predicate } from './fuse.ts';
import { RuleVotes } from './rule-votes.ts';

export interface VerdictSettings {
  readonly verdict: 'any-error' | 'majority' | 'label-model';
  readonly thresholds: VerdictThresholds;
  readonly into: FieldSlot | undefined;
  readonly feedback:
    | {
        readonly input: string;
        readonly valid: FieldSlot;
        readonly id: FieldSlot;
        readonly record: FieldSlot | undefined;
      }
    | undefined;
  readonly reportEvery: number;
}

export const CHECK_PORT = { curated: 0, quarantined: 1, review: 2 } as const;

interface Judged {
  readonly verdict: Verdict;
  /** P(valid); undefined where no model was asked. */
  readonly valid?: number;
}

/**
 * Rules that vote on a record: quarantined, curated, or to a person.
 *
 * Idea: a rule that fails is one voice against the record, one that holds is one for it; `majority` counts them, the
 * label model weighs them. Verdicts of people say how often a rule that failed was right to.
 * In: records. Out: ports of CHECK_PORT; findings of rules that were outvoted become warnings, and what was decided
 * against a record is a finding of the rule `verdict`.
 * Cost: the fused predicate, about 20 ns a rule to read the votes, and for the model one exponential a label.
 * State: that of the label model, and the verdicts of people by id.
 */
export class VerdictKernel implements Kernel {
  private readonly settings: VerdictSettings;
  private readonly deps: OperatorDeps;
  private readonly checks: readonly Check[];
  private readonly predicate: Predicate;
  private readonly failed: Int32Array;
  /** Counting votes alone needs no state. */
  private readonly learns: boolean;
  private readonly votes: RuleVotes;
  private readonly answers: Int16Array;
  private readonly model: LabelModel;
  private readonly feedback: Feedback;
  /** Records judged, and for each rule those it had a say on. */
  private judged = 0;
  private readonly spoke: Float64Array;

  constructor(checks: readonly Check[], settings: VerdictSettings, deps: OperatorDeps) {
    const { predicate, words } = fuseChecks(checks);
    this.settings = settings;
    this.learns = settings.verdict === 'label-model' || settings.feedback !== undefined;
    this.deps = deps;
    this.checks = checks;
    this.predicate = predicate;
    this.failed = new Int32Array(words);
    this.votes = new RuleVotes(checks);
    const rules = this.votes.names.length;
    this.answers = new Int16Array(rules);
    this.model = new LabelModel({ rules, labels: 2 });
    this.feedback = new Feedback(this.model);
    this.spoke = new Float64Array(rules);
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    const { feedback, reportEvery } = this.settings;
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      const record = records[i]!;
      if (feedback !== undefined && record.source.input === feedback.input) {
        this.learn(record, time[i]!, out);
        continue;
      }
      this.ask(record, time[i]!);
      this.judged++;
      for (let r = 0; r < this.answers.length; r++) if (this.answers[r] !== SILENT) this.spoke[r]!++;
      this.send(record, { ...this.decide(), time: time[i]! }, out);
      if (reportEvery > 0 && this.judged % reportEvery === 0) this.report(out);
    }
  }

  onTick(tick: Tick, out: Out): void {
    if (tick.kind === 'end' && this.judged > 0) this.report(out);
  }

  checkpoint(): CheckpointDelta {
    if (!this.learns) return { put: [], drop: [] };
    const { put, drop } = this.feedback.checkpoint();
    const state = { model: this.model.save(), judged: this.judged, spoke: [...this.spoke] };
    return { put: [{ name: 'model', bytes: new TextEncoder().encode(JSON.stringify(state)) }, ...put], drop };
  }

  restore(part: StatePart): void {
    if (this.feedback.restore(part)) return;
    const state: { model: unknown; judged: number; spoke: number[] } = JSON.parse(new TextDecoder().decode(part.bytes));
    this.model.load(state.model);
    this.judged = state.judged;
    this.spoke.set(state.spoke);
  }

  stats(): KernelStats {
    return {
      entries: this.model.patterns.size + this.feedback.size,
      bytes: this.model.bytes() + this.feedback.bytes(),
      gauges: this.votes.names.flatMap((rule, r) => {
        const precision = this.model.precision(r, INVALID);
        return [
          ...(precision === undefined ? [] : [{ name: 'rule_precision', labels: { rule }, value: precision }]),
          ...(this.settings.verdict === 'label-model'
            ? [{ name: 'rule_accuracy', labels: { rule }, value: this.model.accuracy(r) }]
            : []),
        ];
      }),
    };
  }

  private ask(record: DataRecord, time: number): void {
    if (this.predicate(record, record.data, time, this.failed) === 0) this.failed.fill(0);
    this.votes.read(record, this.failed, this.answers);
  }

  private decide(): Judged {
    switch (this.settings.verdict) {
      case 'any-error':
        return { verdict: anyError(this.answers) };
      case 'majority':
        return { verdict: majorityVerdict(this.answers) };
      case 'label-model':
        this.model.observe(this.answers);
        return modelVerdict(this.model, this.answers, this.settings.thresholds);
    }
  }

  private send(record: DataRecord, judged: Judged & { readonly time: number }, out: Out): void {
    const { into, verdict: method } = this.settings;
    const { verdict, valid, time } = judged;
    let draft: DataRecord | undefined;
    for (let i = 0; i < this.checks.length; i++) {
      const { rule } = this.checks[i]!;
      if (!hasFailed(this.failed, i) || !applies(rule, record)) continue;
      for (const detail of detailsOf(this.checks[i]!, record, time)) {
        draft ??= rule.shadow ? undefined : record.edit();
        out.finding(rule.shadow ? undefined : draft, verdict === 'curated' ? outvoted(detail) : detail);
      }
    }
    if (into !== undefined && valid !== undefined) {
      draft ??= record.edit();
      into.set(draft, round(valid));
    }
    if (verdict !== 'curated' && method !== 'any-error') {
      draft ??= record.edit();
      out.finding(draft, this.reason(verdict, valid));
    }
    out.emit(CHECK_PORT[verdict], draft ?? record);
  }

  /** What was decided against a record, and by how much. */
  private reason(verdict: Verdict, valid: number | undefined): Detail {
    const count = (what: number) => this.answers.reduce((sum, answer) => sum + (answer === what ? 1 : 0), 0);
    const { accept } = this.settings.thresholds;
    return {
      rule: 'verdict',
      severity: verdict === 'quarantined' ? 'error' : 'warn',
      observed: {
        valid: count(VALID),
        invalid: count(INVALID),
        ...(valid === undefined ? {} : { probability: round(valid) }),
      },
      expected: valid === undefined ? 'more rules that hold than rules that fail' : `P(valid) of ${accept} or more`,
      dimension: 'validity',
    };
  }

  private learn(record: DataRecord, time: number, out: Out): void {
    const feedback = this.settings.feedback!;
    const valid = feedback.valid.get(record);
    const id = feedback.id.get(record);
    if (typeof valid !== 'boolean' || (typeof id !== 'string' && typeof id !== 'number')) {
      const slot = typeof valid !== 'boolean' ? feedback.valid : feedback.id;
      const draft = record.edit();
      out.finding(draft, {
        rule: 'verdict-field',
        severity: 'error',
        field: slot.text,
        ...(this.deps.redacted(slot.text) ? {} : { observed: slot.get(record) ?? null }),
        expected: typeof valid !== 'boolean' ? 'true or false' : 'a text or number that names the verdict',
        dimension: 'validity',
      });
      out.emit(CHECK_PORT.quarantined, draft);
      return;
    }
    const judged = feedback.record === undefined ? record : DataRecord.derived(record, feedback.record.get(record));
    this.ask(judged, time);
    const forgotten = this.feedback.take(id, valid ? VALID : INVALID, this.answers);
    if (forgotten > 0) out.event('state.evicted', { entries: forgotten, bound: 'verdicts' });
    out.absorb('merged');
  }

  private report(out: Out): void {
    const learned = this.settings.verdict === 'label-model';
    if (!learned && this.feedback.size === 0) return;
    for (const [r, rule] of this.votes.names.entries()) {
      const precision = this.model.precision(r, INVALID);
      const copyOf = learned ? this.model.copyOf(r) : undefined;
      out.event('rule.report', {
        rule,
        ...(learned ? { accuracy: round(this.model.accuracy(r), 4) } : {}),
        coverage: round(this.spoke[r]! / Math.max(1, this.judged), 4),
        ...(precision === undefined ? {} : { precision: round(precision, 4) }),
        ...(copyOf === undefined ? {} : { copyOf: this.votes.names[copyOf]! }),
      });
    }
  }
}

/** A rule that failed on a record the others let pass. */
function outvoted(detail: Detail): Detail {
  return detail.severity === 'error' ? { ...detail, severity: 'warn' } : detail;
}

/** `digits` decimals: what is told does not hang on the last bits of a sum. */
function round(value: number, digits = 6): number {
  return Number(value.toFixed(digits));
}
