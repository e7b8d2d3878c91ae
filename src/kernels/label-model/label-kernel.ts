import type { FieldSlot } from '../../core/field.ts';
import type { Kernel, KernelStats, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import type { SharedCondition } from '../cel/shared.ts';
import type { Scalar } from '../vote/ballots.ts';
import { Feedback } from './feedback.ts';
import { LabelModel } from './label-model.ts';
import { SILENT } from './pattern-table.ts';

export interface LabelRule {
  readonly name: string;
  readonly when: SharedCondition;
  /** Code of the label it gives where `when` is true. */
  readonly label: number;
}

export interface LabelSettings {
  readonly rules: readonly LabelRule[];
  readonly labels: readonly Scalar[];
  readonly into: FieldSlot;
  /** Below this the record leaves by `undecided`, 0 to 1. */
  readonly minConfidence: number;
  /** Records between two rounds of `rule.report`; 0: at the end alone. */
  readonly reportEvery: number;
  readonly feedback: { readonly input: string; readonly label: FieldSlot; readonly id: FieldSlot } | undefined;
}

export const LABEL_PORT = { out: 0, undecided: 1, rejected: 2 } as const;

const TIE = 1e-9;

/** Data programming on records: rules speak or stay silent, the record gets the label they make most likely. */
export class LabelKernel implements Kernel {
  private readonly settings: LabelSettings;
  private readonly deps: OperatorDeps;
  private readonly model: LabelModel;
  private readonly answers: Int16Array;
  private readonly q: Float64Array;
  private readonly feedback: Feedback;
  private readonly spoken: Float64Array;

  constructor(settings: LabelSettings, deps: OperatorDeps) {
    this.settings = settings;
    this.deps = deps;
    this.model = new LabelModel({ rules: settings.rules.length, labels: Math.max(2, settings.labels.length) });
    this.feedback = new Feedback(this.model);
    this.answers = new Int16Array(settings.rules.length);
    this.q = new Float64Array(this.model.labels);
    this.spoken = new Float64Array(settings.rules.length);
  }

  process(records: readonly DataRecord[], _time: Float64Array, out: Out): void {
    const { feedback, reportEvery } = this.settings;
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      const record = records[i]!;
      this.ask(record);
      if (feedback !== undefined && record.source.input === feedback.input) {
        this.learn(record, out);
        continue;
      }
      this.model.observe(this.answers);
      this.label(record, out);
      if (reportEvery > 0 && this.model.seen % reportEvery === 0) this.report(out);
    }
  }

  onTick(tick: Tick, out: Out): void {
    if (tick.kind === 'end' && this.model.seen > 0) this.report(out);
  }

  checkpoint(): CheckpointDelta {
    const { put, drop } = this.feedback.checkpoint();
    const state = { model: this.model.save(), spoken: [...this.spoken] };
    return { put: [{ name: 'model', bytes: new TextEncoder().encode(JSON.stringify(state)) }, ...put], drop };
  }

  restore(part: StatePart): void {
    if (this.feedback.restore(part)) return;
    const state: { model: unknown; spoken: number[] } = JSON.parse(new TextDecoder().decode(part.bytes));
    this.model.load(state.model);
    this.spoken.set(state.spoken);
  }

  stats(): KernelStats {
    return {
      entries: this.model.patterns.size + this.feedback.size,
      bytes: this.model.bytes() + this.feedback.bytes(),
      gauges: this.settings.rules.flatMap(({ name: rule }, r) => {
        const precision = this.model.precision(r);
        return [
          { name: 'rule_accuracy', labels: { rule }, value: this.model.accuracy(r) },
          ...(precision === undefined ? [] : [{ name: 'rule_precision', labels: { rule }, value: precision }]),
        ];
      }),
    };
  }

  private ask(record: DataRecord): void {
    const { rules } = this.settings;
    for (let r = 0; r < rules.length; r++)
      this.answers[r] = rules[r]!.when.test(record) === true ? rules[r]!.label : SILENT;
  }

  private label(record: DataRecord, out: Out): void {
    const { labels, rules, into, minConfidence } = this.settings;
    const spoke = this.model.posterior(this.answers, this.q);
    let best = 0;
    let second = -1;
    for (let l = 1; l < labels.length; l++) {
      if (this.q[l]! > this.q[best]!) {
        second = best;
        best = l;
      } else if (second < 0 || this.q[l]! > this.q[second]!) second = l;
    }
    const confidence = spoke ? this.q[best]! : 0;
    const tied = second >= 0 && confidence - this.q[second]! <= TIE;
    const decided = spoke && !tied && confidence >= minConfidence;
    const names: string[] = [];
    for (let r = 0; r < rules.length; r++)
      if (this.answers[r] !== SILENT) {
        names.push(rules[r]!.name);
        this.spoken[r]!++;
      }
    const draft = record.edit();
    into.set(draft, {
      label: decided ? labels[best] : null,
      confidence: Math.round(confidence * 1e6) / 1e6,
      rules: names,
    });
    out.emit(decided ? LABEL_PORT.out : LABEL_PORT.undecided, draft);
  }

  private learn(record: DataRecord, out: Out): void {
    const { labels, feedback } = this.settings;
    const truth = labels.indexOf(feedback!.label.get(record) as Scalar); // indexOf takes anything
    const id = feedback!.id.get(record);
    if (truth < 0 || (typeof id !== 'string' && typeof id !== 'number')) {
      const slot = truth < 0 ? feedback!.label : feedback!.id;
      const draft = record.edit();
      out.finding(draft, {
        rule: 'verdict-field',
        severity: 'error',
        field: slot.text,
        ...(this.deps.redacted(slot.text) ? {} : { observed: slot.get(record) ?? null }),
        expected: truth < 0 ? `one of the labels of the rules` : 'a text or number that names the verdict',
        dimension: 'validity',
      });
      out.emit(LABEL_PORT.rejected, draft);
      return;
    }
    const forgotten = this.feedback.take(id, truth, this.answers);
    if (forgotten > 0) out.event('state.evicted', { entries: forgotten, bound: 'verdicts' });
    out.absorb('merged');
  }

  private report(out: Out): void {
    const { rules, labels } = this.settings;
    for (const [r, rule] of rules.entries()) {
      const precision = this.model.precision(r);
      const copyOf = this.model.copyOf(r);
      out.event('rule.report', {
        rule: rule.name,
        label: labels[rule.label]!,
        accuracy: Math.round(this.model.accuracy(r) * 1e4) / 1e4,
        coverage: Math.round((this.spoken[r]! / Math.max(1, this.model.seen)) * 1e4) / 1e4,
        ...(precision === undefined ? {} : { precision: Math.round(precision * 1e4) / 1e4 }),
        ...(copyOf === undefined ? {} : { copyOf: rules[copyOf]!.name }),
      });
    }
  }
}
