import type { FieldSlot } from '../../core/field.ts';
import type { KernelStats, OperatorDeps, Out } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import { ItemKernel, isScalar } from './item-kernel.ts';
import type { Consensus, LabelRequest, VoterReport, VoteSettings, VoteSink } from './vote-settings.ts';
import { VoteState } from './vote-state.ts';
import { VoteStream } from './vote-stream.ts';

export interface VoteFields {
  readonly item: FieldSlot;
  readonly voter: FieldSlot;
  readonly label: FieldSlot;
  readonly weight: FieldSlot | undefined;
  readonly gold: FieldSlot | undefined;
  /** Records of this input pin items: they carry the true label in `label`. */
  readonly feedback: { readonly input: string; readonly label: FieldSlot } | undefined;
}

export const VOTE_PORT = { out: 0, undecided: 1, requests: 2, late: 3, rejected: 4 } as const;

/** Measured sizes, for the state metric. */
const BYTES_PER_ITEM = 500;
const BYTES_PER_VOTER = 150;
/** A vote that weighs more is a mistake, and would drown what all others say. */
const MAX_WEIGHT = 1_000;

/** A vote stream on records: votes are merged, consensus records leave as derived ones, keyed by the item. */
export class VoteKernel extends ItemKernel implements VoteSink {
  protected readonly stream: VoteStream;
  protected readonly state: VoteState;
  protected readonly fieldRule = 'vote-field';
  protected readonly rejectedPort = VOTE_PORT.rejected;
  private readonly fields: VoteFields;

  constructor(settings: VoteSettings, fields: VoteFields, deps: OperatorDeps) {
    super(deps);
    this.fields = fields;
    this.stream = new VoteStream(settings, this);
    this.state = new VoteState(this.stream);
  }

  stats(): KernelStats {
    const { items, learning, openVotes, closed, past, open } = this.stream;
    const { voters, model } = learning;
    return {
      entries: items.size + voters.size,
      bytes:
        items.size * BYTES_PER_ITEM +
        (openVotes + closed.votes) * 8 +
        voters.size * (BYTES_PER_VOTER + model.bytesPerVoter()) +
        past.size * 60,
      gauges: [
        { name: 'open_items', value: open.size },
        { name: 'voters', labels: { state: 'counted' }, value: voters.size - voters.excludedVoters },
        { name: 'voters', labels: { state: 'excluded' }, value: voters.excludedVoters },
      ],
    };
  }

  protected take(record: DataRecord, time: number, out: Out): void {
    const item = this.scalar(record, this.fields.item, out);
    if (item === undefined) return;
    const { feedback } = this.fields;
    if (feedback !== undefined && record.source.input === feedback.input) {
      const label = this.scalar(record, feedback.label, out);
      if (label !== undefined) this.settle(record, this.stream.gold(item, label, time), out);
      return;
    }
    const gold = this.fields.gold?.get(record);
    if (isScalar(gold) && this.fields.voter.get(record) == null) {
      this.settle(record, this.stream.gold(item, gold, time), out);
      return;
    }
    const voter = this.scalar(record, this.fields.voter, out);
    if (voter === undefined) return;
    const label = this.scalar(record, this.fields.label, out);
    if (label === undefined) return;
    const weight = this.fields.weight?.get(record) ?? 1;
    if (typeof weight !== 'number' || !(weight >= 0 && weight <= MAX_WEIGHT)) {
      this.reject(record, out, {
        rule: 'vote-weight',
        slot: this.fields.weight!,
        expected: `a number from 0 to ${MAX_WEIGHT}`,
      });
      return;
    }
    const taken = this.stream.vote({ item, voter, label, weight }, time);
    if (taken !== 'late' && taken !== 'label-bound' && isScalar(gold)) this.stream.gold(item, gold, time);
    this.settle(record, taken, out);
  }

  private settle(record: DataRecord, taken: ReturnType<VoteStream['vote']>, out: Out): void {
    switch (taken) {
      case 'counted':
      case 'repeated':
        out.absorb('merged');
        return;
      case 'late': {
        const draft = record.edit();
        out.finding(draft, {
          rule: 'late-vote',
          severity: 'warn',
          field: this.fields.item.text,
          expected: `an item among the last ${this.stream.settings.bufferItems} closed`,
          dimension: 'timeliness',
        });
        out.emit(VOTE_PORT.late, draft);
        return;
      }
      case 'label-bound':
        this.reject(record, out, {
          rule: 'vote-label-bound',
          slot: this.fields.label,
          expected: `one of at most ${this.stream.settings.maxLabels} labels`,
        });
        return;
      default:
        taken satisfies never;
    }
  }

  consensus(result: Consensus): void {
    this.derive(result.tie ? VOTE_PORT.undecided : VOTE_PORT.out, result.item, result);
  }

  request(request: LabelRequest): void {
    this.derive(VOTE_PORT.requests, request.item, request);
  }

  revised(change: Parameters<VoteSink['revised']>[0]): void {
    const { item, from, to, ...rest } = change;
    const label = !this.deps.redacted(this.fields.label.text);
    this.out!.event('vote.revised', {
      ...(this.deps.redacted(this.fields.item.text) ? {} : { item }),
      ...(label ? { from, to } : {}),
      ...rest,
    });
  }

  report(report: VoterReport): void {
    const { voter, bias, ...rest } = report;
    this.out!.event('voter.report', {
      ...(this.deps.redacted(this.fields.voter.text) ? {} : { voter }),
      ...rest,
      ...(bias === undefined || this.deps.redacted(this.fields.label.text) ? {} : { bias }),
    });
  }

  evicted(what: { readonly entries: number; readonly bound: 'items' | 'voters' | 'votes' }): void {
    this.out!.event('state.evicted', what);
  }
}
