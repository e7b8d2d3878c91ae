import { AgreementModel } from './agreement-model.ts';
import { BallotItem, type ClosedBy, TIED } from './ballot-item.ts';
import { Interner, type Scalar, winner } from './ballots.ts';
import { ConfusionModel } from './confusion-model.ts';
import type { VoteModel } from './model.ts';
import { OpenItems } from './open-items.ts';
import { PastItems } from './past-items.ts';
import { Temperature } from './temperature.ts';
import { reportVoters, requestLabels, wilson } from './vote-report.ts';
import type { VoteSettings, VoteSink } from './vote-settings.ts';
import { VoterTable } from './voter-table.ts';
import { startByAgreement } from './warm-up.ts';

/** What became of a vote. */
export type Taken = 'counted' | 'repeated' | 'late' | 'label-bound';

export interface StreamVote {
  readonly item: Scalar;
  readonly voter: Scalar;
  readonly label: Scalar;
  /** ≥ 0, default 1. */
  readonly weight?: number;
}

/** Items with more votes are evaluated each time they grew by a sixteenth. */
const LOOK_ALWAYS = 64;
/** Votes on buffered items at most, for each item of the buffer: bounds its memory and the cost of a sweep. */
const BUFFER_VOTES_PER_ITEM = 100;
const MIN_VOTES_TO_EXCLUDE = 20;
/** Distinct labels counted for methods whose label set is open. */
const MAX_COUNTED_LABELS = 1_000;

/**
 * Votes as a stream: items open, close, are announced, and may be revised while they are buffered.
 *
 * Idea: incremental EM. A closing item gets its posterior from what is known of its voters and adds its share to their
 * statistics; while it is buffered the share can be taken out and put back when more is known (a late vote, a sweep).
 * Everything is a function of the sequence of calls: sweeps run on counts of closes, timers on `advance(time)`.
 *
 * In: `vote`, `gold`, `advance`, `close`, `end`. Out: the sink. Errors: none; a vote that cannot be taken says why.
 * Cost: a vote O(1), a close O(votes of the item · K), a sweep O(votes in the buffer · K);
 * memory (K² + K) · 8 B + about 150 B a voter, about 400 B + 8 B a vote for an open or buffered item.
 *
 * Source: Dawid & Skene 1979; Neal & Hinton 1998; Cappé & Moulines 2009.
 */
export class VoteStream {
  readonly settings: VoteSettings;
  readonly voters: VoterTable;
  readonly labels = new Interner();
  readonly model: VoteModel;
  readonly temperature: Temperature;
  readonly items = new Map<Scalar, BallotItem>();
  readonly open = new OpenItems<BallotItem>();
  readonly past: PastItems;
  /** Closed items in order of closing, the oldest at `ringHead`. */
  ring: BallotItem[] = [];
  ringVotes = 0;
  warm: boolean;
  closes = 0;
  taken = 0;
  touches = 0;
  /** Votes taken when requests were made last. */
  askedAt = 0;
  opened = 0;
  /** Items and voters changed since the last checkpoint. */
  readonly dirtyItems = new Set<number>();
  readonly dirtyVoters = new Set<number>();
  private ringHead = 0;
  private readonly sink: VoteSink;
  private readonly distinct = new Set<Scalar>();
  private scratch = new Float64Array(16);

  constructor(settings: VoteSettings, sink: VoteSink) {
    this.settings = settings;
    this.sink = sink;
    this.voters = new VoterTable(settings.maxVoters);
    this.past = new PastItems(settings.rememberItems);
    this.temperature = new Temperature(
      settings.method === 'majority' || settings.method === 'weighted' ? 1 : settings.temperature,
    );
    this.warm = settings.method === 'majority' || settings.warmUpItems === 0;
    this.model = this.makeModel();
  }

  get buffered(): readonly BallotItem[] {
    return this.ringHead === 0 ? this.ring : this.ring.slice(this.ringHead);
  }

  /** One vote at stream time `time` (call `advance(time)` first). The last vote of a voter on an item counts. */
  vote(vote: StreamVote, time: number): Taken {
    const known = this.items.get(vote.item);
    if (known === undefined && this.past.has(vote.item)) return 'late';
    if (!this.fitsLabel(vote.label, known)) return 'label-bound';
    const weight = vote.weight ?? 1;
    const item = known ?? this.openItem(vote.item, time);
    const voter = this.voterCode(vote.voter);
    const code = this.labelCode(item, vote.label);
    const at = item.find(voter);
    if (at >= 0 && item.codes[at] === code && item.weightOf(at) === weight) return 'repeated';
    const sharing = item.added !== undefined;
    const large = sharing && item.n < item.lookAt;
    if (sharing && !large) this.model.retract(item);
    if (at >= 0) this.changeVote(item, at, { code, weight });
    else this.addVote(item, voter, { code, weight });
    this.voters.votes[voter]!++;
    this.voters.seen[voter] = ++this.touches;
    item.touch = this.touches;
    item.lastAt = time;
    this.dirtyItems.add(item.seq);
    this.taken++;
    if (item.state === 'open') this.afterOpenVote(item);
    else if (sharing && !large) this.revise(item, 'late-vote');
    this.maybeRequest();
    return 'counted';
  }

  /** The true label of an item is known: its posterior is pinned, and fits the temperature. */
  gold(id: Scalar, label: Scalar, time: number): Taken {
    const known = this.items.get(id);
    if (known === undefined && this.past.has(id)) return 'late';
    if (!this.fitsLabel(label, known)) return 'label-bound';
    const item = known ?? this.openItem(id, time);
    const code = this.labelCode(item, label);
    if (item.gold === code) return 'repeated';
    this.dirtyItems.add(item.seq);
    if (item.added !== undefined) this.model.retract(item);
    item.gold = code;
    if (item.state === 'closed') this.revise(item, 'gold');
    else if (item.state === 'open') this.afterOpenVote(item);
    return 'counted';
  }

  /** Fires what is due at stream time `time`, in order of due time. */
  advance(time: number): void {
    const { afterMs, idleMs } = this.settings.close;
    if ((afterMs === undefined && idleMs === undefined) || !(time >= 0)) return;
    for (;;) {
      const first = afterMs === undefined ? undefined : this.open.first();
      const idle = idleMs === undefined ? undefined : this.open.idlest();
      const dueAfter = first === undefined ? Number.POSITIVE_INFINITY : first.openedAt + afterMs!;
      const dueIdle = idle === undefined ? Number.POSITIVE_INFINITY : idle.lastAt + idleMs!;
      if (Math.min(dueAfter, dueIdle) > time) return;
      if (dueAfter <= dueIdle) this.closeItem(first!, 'after');
      else this.closeItem(idle!, 'idle');
    }
  }

  /** Closes an item by hand; false when it is not open. */
  close(id: Scalar): boolean {
    const item = this.items.get(id);
    if (item?.state !== 'open') return false;
    this.closeItem(item, 'call');
    return true;
  }

  /** The end of a bounded input: everything open closes, and sweeps run until the labels stand still. */
  end(): void {
    const rest = this.open.all();
    for (const item of rest) this.shut(item, 'end');
    if (!this.warm) this.finishWarmUp();
    else {
      for (const item of rest) this.learn(item);
      this.sweepToRest();
      for (const item of rest) this.announce(item);
      this.trim();
    }
    if (this.settings.requests !== undefined) this.request();
    this.report();
  }

  private addVote(item: BallotItem, voter: number, said: { readonly code: number; readonly weight: number }): void {
    item.push(voter, said.code, said.weight);
    this.voters.refs[voter]!++;
    if (item.state !== 'open') this.ringVotes++;
    this.dirtyVoters.add(voter);
  }

  private changeVote(item: BallotItem, at: number, said: { readonly code: number; readonly weight: number }): void {
    const counted = at < item.counted;
    if (counted) this.model.countOne(item, at, -1);
    item.codes[at] = said.code;
    item.weigh(at, said.weight);
    if (counted) this.model.countOne(item, at, 1);
    this.dirtyVoters.add(item.voters[at]!);
  }

  private afterOpenVote(item: BallotItem): void {
    this.open.touch(item);
    const { minVotes, confidence, maxVotes } = this.settings.close;
    if (maxVotes !== undefined && item.n >= maxVotes) {
      this.closeItem(item, 'max-votes');
      return;
    }
    if (minVotes === 'all' || item.n < minVotes || item.n < item.lookAt) return;
    this.lookAgain(item);
    this.evaluate(item);
    if (this.confidence(item) >= confidence) this.closeItem(item, 'votes');
  }

  private lookAgain(item: BallotItem): void {
    item.lookAt = item.n < LOOK_ALWAYS ? 0 : item.n + (item.n >> 4);
  }

  private closeItem(item: BallotItem, by: ClosedBy): void {
    this.shut(item, by);
    if (!this.warm) {
      if (this.ring.length - this.ringHead >= this.settings.warmUpItems) this.finishWarmUp();
      return;
    }
    this.learn(item);
    this.announce(item);
    if (this.settings.sweepEvery > 0 && this.closes % this.settings.sweepEvery === 0) this.sweep();
    this.trim();
    if (this.settings.reportEvery > 0 && this.closes % this.settings.reportEvery === 0) this.report();
  }

  private shut(item: BallotItem, by: ClosedBy): void {
    item.state = 'held';
    this.open.remove(item);
    item.closedBy = by;
    item.closeSeq = ++this.closes;
    this.ring.push(item);
    this.ringVotes += item.n;
    this.dirtyItems.add(item.seq);
  }

  private finishWarmUp(): void {
    const held = this.buffered;
    startByAgreement(held, (item, q) => {
      item.q = this.room(q.length).slice(0, q.length);
      item.q.set(q);
      this.pin(item);
      this.add(item);
    });
    this.warm = true;
    if (this.settings.method !== 'weighted') this.sweepToRest();
    else for (const item of held) this.evaluate(item);
    for (const item of held) this.announce(item);
    this.trim();
  }

  /** E-step and M-step of one item. */
  private learn(item: BallotItem): void {
    this.evaluate(item);
    this.model.retract(item);
    this.add(item);
  }

  private add(item: BallotItem): void {
    this.model.add(item, item.q!);
    this.dirtyItems.add(item.seq);
    for (let v = 0; v < item.n; v++) this.dirtyVoters.add(item.voters[v]!);
  }

  /** The posterior under what is known now. */
  private evaluate(item: BallotItem): void {
    const k = this.model.width(item);
    if (item.q === undefined || item.q.length !== k) item.q = new Float64Array(k);
    this.model.posterior(item, item.q);
    item.evaluatedAt = item.n;
    this.pin(item);
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

  private sweep(): boolean {
    let changed = false;
    for (let r = this.ringHead; r < this.ring.length; r++) {
      const item = this.ring[r]!;
      const before = winner(item.q!, 0, item.q!.length).label;
      this.learn(item);
      if (winner(item.q!, 0, item.q!.length).label !== before) changed = true;
      if (item.state === 'closed') this.reconsider(item, 'sweep');
    }
    this.judgeVoters();
    return changed;
  }

  private sweepToRest(): void {
    if (this.settings.method === 'majority' || this.settings.sweepEvery === 0) return;
    for (let round = 0; round < this.settings.warmUpSweeps; round++) if (!this.sweep() && round > 0) return;
  }

  private revise(item: BallotItem, cause: 'late-vote' | 'gold'): void {
    this.lookAgain(item);
    this.learn(item);
    if (item.state === 'closed') this.reconsider(item, cause);
  }

  private reconsider(item: BallotItem, cause: 'late-vote' | 'sweep' | 'gold'): void {
    const code = this.verdict(item);
    if (code === item.announced) return;
    const from = this.labelName(item, item.announced);
    item.revision++;
    item.announced = code;
    this.dirtyItems.add(item.seq);
    this.sink.revised({ item: item.id, from, to: this.labelName(item, code), revision: item.revision, cause });
    this.tell(item);
  }

  private announce(item: BallotItem): void {
    item.state = 'closed';
    item.announced = this.verdict(item);
    this.dirtyItems.add(item.seq);
    this.tell(item);
  }

  private verdict(item: BallotItem): number {
    return item.n === 0 && item.gold < 0 ? TIED : winner(item.q!, 0, item.q!.length).label;
  }

  private tell(item: BallotItem): void {
    const best = item.announced >= 0 ? item.announced : top(item.q!);
    this.sink.consensus({
      item: item.id,
      label: this.labelName(item, item.announced),
      confidence: round6(this.confidence(item)),
      share: round6(item.share(best)),
      votes: item.n,
      method: this.settings.method,
      revision: item.revision,
      closedBy: item.closedBy,
      tie: item.announced === TIED,
    });
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

  private trim(): void {
    const { bufferItems } = this.settings;
    while (
      this.ring.length - this.ringHead > bufferItems ||
      (this.ringVotes > bufferItems * BUFFER_VOTES_PER_ITEM && this.ring.length - this.ringHead > 1)
    )
      this.leave(this.ring[this.ringHead++]!);
    if (this.ringHead > 1024 && this.ringHead * 2 > this.ring.length) {
      this.ring = this.ring.slice(this.ringHead);
      this.ringHead = 0;
    }
  }

  private leave(item: BallotItem): void {
    this.model.settle(item);
    this.ringVotes -= item.n;
    for (let v = 0; v < item.n; v++) {
      this.voters.refs[item.voters[v]!]!--;
      this.dirtyVoters.add(item.voters[v]!);
    }
    this.items.delete(item.id);
    this.dirtyItems.add(item.seq);
    this.past.add(item.id);
  }

  private openItem(id: Scalar, time: number): BallotItem {
    if (this.open.size >= this.settings.maxOpen) {
      this.sink.evicted({ entries: 1, bound: 'items' });
      this.closeItem(this.open.first()!, 'evicted');
    }
    const item = new BallotItem(id, this.opened++, !this.model.shared);
    item.touch = ++this.touches;
    item.openedAt = time;
    item.lastAt = time;
    this.items.set(id, item);
    this.open.add(item);
    return item;
  }

  private voterCode(name: Scalar): number {
    const known = this.voters.find(name);
    if (known >= 0) return known;
    if (this.voters.full) {
      const gone = this.voters.forget();
      for (const voter of gone) {
        this.model.forget(voter);
        this.dirtyVoters.add(voter);
      }
      if (gone.length > 0) this.sink.evicted({ entries: gone.length, bound: 'voters' });
    }
    const code = this.voters.add(name);
    this.model.reserve(this.voters.names.length, this.labels.size);
    return code;
  }

  private fitsLabel(label: Scalar, item: BallotItem | undefined): boolean {
    if (item?.labels !== undefined)
      return item.labels.length < MAX_COUNTED_LABELS || item.localCode(label, 'find') >= 0;
    return !this.model.shared || this.labels.find(label) >= 0 || this.labels.size < this.settings.maxLabels;
  }

  private labelCode(item: BallotItem, label: Scalar): number {
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

  private maybeRequest(): void {
    const rules = this.settings.requests;
    if (rules !== undefined && this.taken % rules.windowVotes === 0) this.request();
  }

  private request(): void {
    for (const item of this.open.all()) if (item.n > item.evaluatedAt) this.evaluate(item);
    const found = requestLabels(this, Math.floor(this.settings.requests!.budget * (this.taken - this.askedAt)));
    this.askedAt = this.taken;
    for (const { item, request } of found) {
      item.askedAt = item.n;
      this.dirtyItems.add(item.seq);
      this.sink.request(request);
    }
  }

  private report(): void {
    for (const report of reportVoters(this)) this.sink.report(report);
  }

  private judgeVoters(): void {
    const below = this.settings.excludeBelow;
    if (below === 0) return;
    for (let w = 0; w < this.voters.names.length; w++) {
      const { accuracy, votes } = this.model.accuracy(w);
      const excluded = votes >= MIN_VOTES_TO_EXCLUDE && wilson(accuracy, votes).high < below;
      if (this.voters.excluded[w] !== excluded) this.dirtyVoters.add(w);
      this.voters.excluded[w] = excluded;
    }
  }

  private room(length: number): Float64Array {
    if (this.scratch.length < length) this.scratch = new Float64Array(length * 2);
    return this.scratch;
  }

  private makeModel(): VoteModel {
    const { method } = this.settings;
    if (method === 'hds') return new ConfusionModel(this.voters, this.settings);
    if (method === 'dawid-skene')
      return new ConfusionModel(this.voters, { ...this.settings, poolStrength: 0, ownStrength: PLAIN_FLOOR });
    return new AgreementModel(method, this.voters, { settings: this.settings, labelCount: () => this.distinct.size });
  }

  /** Labels counted for open label sets; part of the state. */
  get distinctLabels(): Set<Scalar> {
    return this.distinct;
  }

  /** Puts restored items where they were; call once after the last part of a state. */
  adopt(items: readonly BallotItem[]): void {
    for (const item of items) this.items.set(item.id, item);
    const open = items.filter((item) => item.state === 'open');
    for (const item of open.sort((a, b) => a.seq - b.seq)) this.open.add(item);
    for (const item of open.sort((a, b) => a.touch - b.touch)) this.open.touch(item);
    this.ring = items.filter((item) => item.state !== 'open').sort((a, b) => a.closeSeq - b.closeSeq);
    this.ringVotes = 0;
    for (const item of this.ring) this.ringVotes += item.n;
    for (const item of items) for (let v = 0; v < item.n; v++) this.voters.refs[item.voters[v]!]!++;
  }
}

/** Plain Dawid–Skene would be sure after one vote: a tenth of a vote stands against that. */
const PLAIN_FLOOR = 0.1;

function top(q: Float64Array): number {
  let best = 0;
  for (let l = 1; l < q.length; l++) if (q[l]! > q[best]!) best = l;
  return best;
}

/** Six decimals: what is announced does not hang on the last bits of a sum. */
function round6(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
