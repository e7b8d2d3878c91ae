import type { BallotItem } from './ballot-item.ts';
import { winner } from './ballots.ts';
import { ClosedRing } from './closed-ring.ts';
import { top, type VoteLearning } from './vote-learning.ts';
import type { VoteSettings, VoteSink } from './vote-settings.ts';

/** Votes on buffered items at most, for each item there may be: bounds memory and the cost of a sweep. */
const VOTES_PER_ITEM = 100;
/**
 * Items after their close: held for warm-up, announced, revised while they are buffered, until they leave.
 * Cost: a sweep and the end O(votes in the buffer · K · rounds).
 */
export class ClosedItems {
  readonly ring = new ClosedRing<BallotItem>();
  /** Votes on the items of the ring. */
  votes = 0;
  warm: boolean;
  private readonly settings: VoteSettings;
  private readonly learning: VoteLearning;
  private readonly sink: VoteSink;
  private readonly left: (item: BallotItem) => void;

  constructor(
    settings: VoteSettings,
    learning: VoteLearning,
    tell: { readonly sink: VoteSink; readonly left: (item: BallotItem) => void },
  ) {
    this.settings = settings;
    this.learning = learning;
    this.sink = tell.sink;
    this.left = tell.left;
    this.warm = settings.method === 'majority' || settings.warmUpItems === 0;
  }

  push(item: BallotItem): void {
    item.state = 'held';
    this.ring.push(item);
    this.votes += item.n;
  }

  /** What was pushed last is announced, unless it has to wait for the warm-up; `closes`: how many items ever closed. */
  take(item: BallotItem, closes: number): void {
    if (!this.warm) {
      this.warmUp();
      return;
    }
    this.learning.learn(item);
    this.announce(item);
    const { sweepEvery } = this.settings;
    if (sweepEvery > 0 && closes % sweepEvery === 0) this.sweep();
    this.trim();
  }

  /** A late vote or gold on an item whose share was taken out. */
  revise(item: BallotItem, cause: 'late-vote' | 'gold'): void {
    item.settled = false;
    this.learning.learn(item);
    if (item.state === 'closed') this.reconsider(item, cause);
  }

  /** The end of a bounded input: sweeps that come later do not turn over what was concluded from all. */
  settle(): void {
    const together = this.lookTogether();
    for (const item of this.ring.all()) {
      item.settled = together;
      if (item.state === 'closed') this.reconsider(item, 'sweep');
      else this.announce(item);
    }
    this.trim();
  }

  /** Puts restored items back. */
  adopt(items: readonly BallotItem[]): void {
    this.ring.fill([...items].sort((a, b) => a.closeSeq - b.closeSeq));
    for (const item of items) this.votes += item.n;
  }

  /** Enough is held to learn from: all of it is looked at together and released. */
  private warmUp(): void {
    if (this.ring.length < this.settings.warmUpItems) return;
    this.lookTogether();
    for (const item of this.ring.all()) this.announce(item);
    this.trim();
  }

  /** All in hand at once: by the batch form where the method has one (true), else by sweeps. */
  private lookTogether(): boolean {
    const { learning } = this;
    const held = this.ring.all();
    const together = learning.settle(held);
    if (together) learning.judgeVoters();
    else {
      if (!this.warm) learning.start(held);
      for (const item of held) if (item.added === undefined || !this.warm) learning.learn(item);
      this.sweepToRest();
    }
    this.warm = true;
    return together;
  }

  /** Sweeps until no label changes. */
  private sweepToRest(): void {
    const { method, sweepEvery, warmUpSweeps } = this.settings;
    if (method === 'majority' || method === 'weighted' || sweepEvery === 0) return;
    for (let round = 0; round < warmUpSweeps; round++) if (!this.sweep() && round > 0) return;
  }

  private sweep(): boolean {
    const { learning } = this;
    let changed = false;
    for (const item of this.ring.all()) {
      const before = winner(item.q!, 0, item.q!.length).label;
      learning.learn(item);
      if (winner(item.q!, 0, item.q!.length).label !== before) changed = true;
      if (item.state === 'closed' && !item.settled) this.reconsider(item, 'sweep');
    }
    learning.judgeVoters();
    return changed;
  }

  private reconsider(item: BallotItem, cause: 'late-vote' | 'sweep' | 'gold'): void {
    const { learning } = this;
    const code = learning.verdict(item);
    if (code === item.announced) return;
    const from = learning.labelName(item, item.announced);
    item.revision++;
    item.announced = code;
    learning.dirtyItems.add(item.seq);
    const to = learning.labelName(item, code);
    this.sink.revised({ item: item.id, from, to, revision: item.revision, cause });
    this.tell(item);
  }

  private announce(item: BallotItem): void {
    item.state = 'closed';
    item.announced = this.learning.verdict(item);
    this.learning.dirtyItems.add(item.seq);
    this.tell(item);
  }

  private tell(item: BallotItem): void {
    const { learning, settings } = this;
    const tie = item.announced < 0;
    this.sink.consensus({
      item: item.id,
      label: learning.labelName(item, item.announced),
      confidence: round6(learning.confidence(item)),
      share: round6(item.share(tie ? top(item.q!) : item.announced)),
      votes: item.n,
      method: settings.method,
      revision: item.revision,
      closedBy: item.closedBy,
      tie,
    });
  }

  private trim(): void {
    const { bufferItems } = this.settings;
    const { ring } = this;
    while (ring.length > bufferItems || (this.votes > bufferItems * VOTES_PER_ITEM && ring.length > 1))
      this.leave(ring.shift());
  }

  /** The share stays for good; votes and posterior are dropped, the name is kept. */
  private leave(item: BallotItem): void {
    const { learning } = this;
    learning.model.settle(item);
    this.votes -= item.n;
    for (let v = 0; v < item.n; v++) {
      learning.voters.refs[item.voters[v]!]!--;
      learning.dirtyVoters.add(item.voters[v]!);
    }
    learning.dirtyItems.add(item.seq);
    this.left(item);
  }
}

/** Six decimals: what is announced does not hang on the last bits of a sum. */
function round6(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
