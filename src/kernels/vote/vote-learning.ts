import { AgreementModel } from './agreement-model.ts';
import { type BallotItem, TIED } from './ballot-item.ts';
import { Interner, type Scalar, winner } from './ballots.ts';
import { ConfusionModel } from './confusion-model.ts';
import { lookAtAll } from './final-look.ts';
import type { VoteModel } from './model.ts';
import { Temperature } from './temperature.ts';
import type { VoteSettings } from './vote-settings.ts';
import { VoterTable } from './voter-table.ts';
import { startByAgreement } from './warm-up.ts';
import { wilson } from './wilson.ts';

const MIN_VOTES_TO_EXCLUDE = 20;
/** Distinct labels counted for methods whose label set is open. */
const MAX_COUNTED_LABELS = 1_000;
/** Plain Dawid–Skene would be sure after one vote: a tenth of a vote stands against that. */
const PLAIN_FLOOR = 0.1;

/**
 * What is known of voters and labels, and what follows for an item: E-steps, M-steps, gold, exclusion.
 * Cost: an E-step or M-step of an item O(votes · K).
 */
export class VoteLearning {
  readonly voters: VoterTable;
  readonly labels = new Interner();
  /** Labels counted for open label sets. */
  readonly distinct = new Set<Scalar>();
  readonly model: VoteModel;
  readonly temperature: Temperature;
  /** Items and voters changed since the last checkpoint. */
  readonly dirtyItems = new Set<number>();
  readonly dirtyVoters = new Set<number>();
  private readonly settings: VoteSettings;

  constructor(settings: VoteSettings) {
    this.settings = settings;
    this.voters = new VoterTable(settings.maxVoters);
    const counts = settings.method === 'majority' || settings.method === 'weighted';
    this.temperature = new Temperature(counts ? 1 : settings.temperature);
    this.model = this.makeModel();
  }

  /** Code of a voter; `evicted` is told how many were forgotten to make room. */
  voterCode(name: Scalar, evicted: (voters: number) => void): number {
    const known = this.voters.find(name);
    if (known >= 0) return known;
    if (this.voters.full || !this.model.fits(this.voters.size + 1, this.labels.size)) {
      const gone = this.voters.forget();
      for (const voter of gone) {
        this.model.forget(voter);
        this.dirtyVoters.add(voter);
      }
      if (gone.length > 0) evicted(gone.length);
    }
    const code = this.voters.add(name);
    this.model.reserve(this.voters.names.length, this.labels.size);
    return code;
  }

  fitsLabel(label: Scalar, item: BallotItem | undefined): boolean {
    if (item?.labels !== undefined)
      return item.labels.length < MAX_COUNTED_LABELS || item.localCode(label, 'find') >= 0;
    if (!this.model.shared || this.labels.find(label) >= 0) return true;
    return (
      this.labels.size < this.settings.maxLabels && this.model.fits(this.voters.names.length, this.labels.size + 1)
    );
  }

  labelCode(item: BallotItem, label: Scalar): number {
    if (!this.model.shared) {
      if (this.distinct.size < MAX_COUNTED_LABELS) this.distinct.add(label);
      return item.localCode(label, 'add');
    }
    const known = this.labels.find(label);
    if (known >= 0) return known;
    const code = this.labels.code(label);
    this.model.reserve(this.voters.names.length, this.labels.size);
    return code;
  }

  /** The posterior under what is known now. */
  evaluate(item: BallotItem): void {
    const k = this.model.width(item);
    if (item.q === undefined || item.q.length !== k) item.q = new Float64Array(k);
    this.model.posterior(item, item.q);
    item.evaluatedAt = item.n;
    this.pin(item);
  }

  /** E-step and M-step of one item. */
  learn(item: BallotItem): void {
    this.evaluate(item);
    this.model.retract(item);
    this.add(item, item.q!);
  }

  /** First opinions of the items held for warm-up, by agreement with the plurality. */
  start(held: readonly BallotItem[]): void {
    startByAgreement(held, (item, q) => {
      item.q = q.slice();
      this.pin(item);
      this.add(item, item.q);
    });
  }

  /**
   * The batch form over all items in hand, on top of what was learned from those that left: their shares are taken out,
   * all are looked at together until nothing moves, and the shares go back in. False where the method has none.
   */
  settle(held: readonly BallotItem[]): boolean {
    const { method, maxLabels } = this.settings;
    if (method === 'majority' || method === 'weighted') return false;
    const labels = method === 'one-coin' ? [...this.distinct] : this.labels.values;
    if (labels.length > maxLabels) return false;
    for (const item of held) this.model.retract(item);
    const found = lookAtAll(held, {
      method: method === 'hds' ? 'pooled' : method,
      model: this.model,
      voters: this.voters,
      temperature: this.temperature.value,
      labels,
    });
    for (const [i, item] of held.entries()) {
      if (item.gold >= 0) continue;
      item.q = found.told(i);
      item.evaluatedAt = item.n;
      this.add(item, found.learned(i));
    }
    for (const item of held) if (item.gold >= 0) this.learn(item);
    return true;
  }

  judgeVoters(): void {
    const below = this.settings.excludeBelow;
    if (below === 0) return;
    for (let w = 0; w < this.voters.names.length; w++) {
      const { accuracy, votes } = this.model.accuracy(w);
      const excluded = votes >= MIN_VOTES_TO_EXCLUDE && wilson(accuracy, votes).high < below;
      if (this.voters.excluded[w] === excluded) continue;
      this.dirtyVoters.add(w);
      this.voters.exclude(w, excluded);
    }
  }

  /** Code of the leading label, TIED without one. */
  verdict(item: BallotItem): number {
    return item.n === 0 && item.gold < 0 ? TIED : winner(item.q!, 0, item.q!.length).label;
  }

  /** Tempered posterior of the leading label. */
  confidence(item: BallotItem): number {
    const q = item.q;
    if (q === undefined || q.length === 0) return 0;
    return item.gold >= 0 ? 1 : this.temperature.confidence(q, q.length, top(q));
  }

  labelName(item: BallotItem, code: number): Scalar | null {
    if (code < 0) return null;
    return (item.labels ?? this.labels.values)[code] ?? null;
  }

  private add(item: BallotItem, q: Float64Array): void {
    this.model.add(item, q);
    this.dirtyItems.add(item.seq);
    for (let v = 0; v < item.n; v++) this.dirtyVoters.add(item.voters[v]!);
  }

  private pin(item: BallotItem): void {
    if (item.gold < 0 || item.q === undefined) return;
    if (!item.calibrated && item.n > 0 && item.state !== 'open') {
      this.temperature.learn(item.q, item.q.length, item.gold);
      item.calibrated = true;
    }
    item.q.fill(0);
    if (item.gold < item.q.length) item.q[item.gold] = 1;
  }

  private makeModel(): VoteModel {
    const { method } = this.settings;
    if (method === 'hds') return new ConfusionModel(this.voters, this.settings);
    if (method === 'dawid-skene')
      return new ConfusionModel(this.voters, { ...this.settings, poolStrength: 0, ownStrength: PLAIN_FLOOR });
    return new AgreementModel(method, this.voters, { settings: this.settings, labelCount: () => this.distinct.size });
  }
}

export function top(q: Float64Array): number {
  let best = 0;
  for (let l = 1; l < q.length; l++) if (q[l]! > q[best]!) best = l;
  return best;
}
