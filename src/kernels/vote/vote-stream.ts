import { BallotItem, type ClosedBy } from './ballot-item.ts';
import type { Scalar } from './ballots.ts';
import { ClosedItems } from './closed-items.ts';
import { OpenItems } from './open-items.ts';
import { PastItems } from './past-items.ts';
import { VoteLearning } from './vote-learning.ts';
import { reportVoters, requestLabels } from './vote-report.ts';
import type { StreamVote, Taken, VoteSettings, VoteSink } from './vote-settings.ts';

interface Said {
  readonly voter: number;
  readonly code: number;
  readonly weight: number;
}

/** Items with more votes are evaluated each time they grew by a sixteenth. */
const LOOK_ALWAYS = 64;
/** Votes on open items at most, for each item there may be. */
const VOTES_PER_ITEM = 100;

/**
 * Votes as a stream: items open, close, are announced, and may be revised while they are buffered.
 *
 * Idea: incremental EM. A closing item gets its posterior from what is known of its voters and adds its share to their
 * statistics; while it is buffered the share can be taken out and put back when more is known (a late vote, a sweep).
 * At the end of a bounded input everything in hand is looked at once more by the batch form of the method.
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
  readonly learning: VoteLearning;
  readonly items = new Map<Scalar, BallotItem>();
  readonly open = new OpenItems<BallotItem>();
  readonly closed: ClosedItems;
  readonly past: PastItems;
  openVotes = 0;
  closes = 0;
  taken = 0;
  touches = 0;
  /** Votes taken when requests were made last. */
  askedAt = 0;
  opened = 0;
  private readonly sink: VoteSink;

  constructor(settings: VoteSettings, sink: VoteSink) {
    this.settings = settings;
    this.sink = sink;
    this.learning = new VoteLearning(settings);
    this.past = new PastItems(settings.rememberItems);
    const left = (item: BallotItem): void => {
      this.items.delete(item.id);
      this.past.add(item.id);
    };
    this.closed = new ClosedItems(settings, this.learning, { sink, left });
  }

  /** One vote at stream time `time` (call `advance(time)` first). The last vote of a voter on an item counts. */
  vote(vote: StreamVote, time: number): Taken {
    const { learning } = this;
    const known = this.items.get(vote.item);
    if (known === undefined && this.past.has(vote.item)) return 'late';
    if (!learning.fitsLabel(vote.label, known)) return 'label-bound';
    const item = known ?? this.openItem(vote.item, time);
    const voter = learning.voterCode(vote.voter, (entries) => this.sink.evicted({ entries, bound: 'voters' }));
    const said = { voter, code: learning.labelCode(item, vote.label), weight: vote.weight ?? 1 };
    const at = item.find(voter);
    if (at >= 0 && item.codes[at] === said.code && item.weightOf(at) === said.weight) return 'repeated';
    const sharing = item.added !== undefined;
    const large = sharing && item.n < item.lookAt;
    if (sharing && !large) learning.model.retract(item);
    if (at >= 0) this.changeVote(item, at, said);
    else this.addVote(item, said);
    this.touch(item, voter, time);
    if (item.state === 'open') this.afterOpenVote(item);
    else if (sharing && !large) {
      lookAgain(item);
      this.closed.revise(item, 'late-vote');
    }
    this.askForMore();
    return 'counted';
  }

  /** The true label of an item is known: its posterior is pinned, and fits the temperature. */
  gold(id: Scalar, label: Scalar, time: number): Taken {
    const { learning } = this;
    const known = this.items.get(id);
    if (known === undefined && this.past.has(id)) return 'late';
    if (!learning.fitsLabel(label, known)) return 'label-bound';
    const item = known ?? this.openItem(id, time);
    const code = learning.labelCode(item, label);
    if (item.gold === code) return 'repeated';
    learning.dirtyItems.add(item.seq);
    if (item.added !== undefined) learning.model.retract(item);
    item.gold = code;
    if (item.state === 'closed') this.closed.revise(item, 'gold');
    else if (item.state === 'open') this.afterOpenVote(item);
    return 'counted';
  }

  /** Fires what is due at stream time `time`, in order of due time. */
  advance(time: number): void {
    for (;;) {
      const due = this.open.due(time, this.settings.close);
      if (due === undefined) return;
      this.closeItem(due.item, due.by);
    }
  }

  /** Closes an item by hand; false when it is not open. */
  close(id: Scalar): boolean {
    const item = this.items.get(id);
    if (item?.state !== 'open') return false;
    this.closeItem(item, 'call');
    return true;
  }

  /** The end of a bounded input: everything open closes, and all in hand is looked at together. */
  end(): void {
    for (const item of this.open.all()) this.shut(item, 'end');
    if (this.closed.ring.length > 0) this.closed.settle();
    if (this.settings.requests !== undefined) this.request();
    this.report();
  }

  /** Puts restored items where they were; call once after the last part of a state. */
  adopt(items: readonly BallotItem[]): void {
    for (const item of items) this.items.set(item.id, item);
    const open = items.filter((item) => item.state === 'open');
    for (const item of open.sort((a, b) => a.seq - b.seq)) this.open.add(item);
    for (const item of open.sort((a, b) => a.touch - b.touch)) this.open.touch(item);
    this.closed.adopt(items.filter((item) => item.state !== 'open'));
    const { refs } = this.learning.voters;
    for (const item of items) {
      if (item.state === 'open') this.openVotes += item.n;
      for (let v = 0; v < item.n; v++) refs[item.voters[v]!]!++;
    }
  }

  private openItem(id: Scalar, time: number): BallotItem {
    const { maxOpen } = this.settings;
    if (this.open.size >= maxOpen || this.openVotes >= maxOpen * VOTES_PER_ITEM) {
      this.sink.evicted({ entries: 1, bound: this.open.size >= maxOpen ? 'items' : 'votes' });
      this.closeItem(this.open.first()!, 'evicted');
    }
    const item = new BallotItem(id, this.opened++, !this.learning.model.shared);
    item.touch = ++this.touches;
    item.openedAt = time;
    item.lastAt = time;
    this.items.set(id, item);
    this.open.add(item);
    return item;
  }

  private addVote(item: BallotItem, { voter, code, weight }: Said): void {
    item.push(voter, code, weight);
    this.learning.voters.refs[voter]!++;
    if (item.state === 'open') this.openVotes++;
    else this.closed.votes++;
    this.learning.dirtyVoters.add(voter);
  }

  private changeVote(item: BallotItem, at: number, { voter, code, weight }: Said): void {
    const { model, dirtyVoters } = this.learning;
    const counted = at < item.counted;
    if (counted) model.countOne(item, at, -1);
    item.codes[at] = code;
    item.weigh(at, weight);
    if (counted) model.countOne(item, at, 1);
    dirtyVoters.add(voter);
  }

  private touch(item: BallotItem, voter: number, time: number): void {
    const { voters, dirtyItems } = this.learning;
    voters.votes[voter]!++;
    voters.seen[voter] = ++this.touches;
    item.touch = this.touches;
    item.lastAt = time;
    dirtyItems.add(item.seq);
    this.taken++;
  }

  private afterOpenVote(item: BallotItem): void {
    this.open.touch(item);
    const { minVotes, confidence, maxVotes } = this.settings.close;
    if (maxVotes !== undefined && item.n >= maxVotes) {
      this.closeItem(item, 'max-votes');
      return;
    }
    if (minVotes === 'all' || item.n < minVotes || item.n < item.lookAt) return;
    lookAgain(item);
    this.learning.evaluate(item);
    if (this.learning.confidence(item) >= confidence) this.closeItem(item, 'votes');
  }

  private closeItem(item: BallotItem, by: ClosedBy): void {
    const wasWarm = this.closed.warm;
    this.shut(item, by);
    this.closed.take(item, this.closes);
    const { reportEvery } = this.settings;
    if (wasWarm && reportEvery > 0 && this.closes % reportEvery === 0) this.report();
  }

  private shut(item: BallotItem, by: ClosedBy): void {
    this.open.remove(item);
    item.closedBy = by;
    item.closeSeq = ++this.closes;
    this.openVotes -= item.n;
    this.closed.push(item);
    this.learning.dirtyItems.add(item.seq);
  }

  private askForMore(): void {
    const rules = this.settings.requests;
    if (rules !== undefined && this.taken % rules.windowVotes === 0) this.request();
  }

  private request(): void {
    for (const item of this.open.all()) if (item.n > item.evaluatedAt) this.learning.evaluate(item);
    const found = requestLabels(this, Math.floor(this.settings.requests!.budget * (this.taken - this.askedAt)));
    this.askedAt = this.taken;
    for (const { item, request } of found) {
      item.askedAt = item.n;
      this.learning.dirtyItems.add(item.seq);
      this.sink.request(request);
    }
  }

  private report(): void {
    for (const report of reportVoters(this)) this.sink.report(report);
  }
}

function lookAgain(item: BallotItem): void {
  item.lookAt = item.n < LOOK_ALWAYS ? 0 : item.n + (item.n >> 4);
}
