import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from './job.ts';
import type { Member } from './member.ts';
import type { Outages } from './outages.ts';

const SIZE = 3;
const MOST = 5;
const STOP_PATIENCE_MS = 60_000;

interface Hand {
  readonly member: Member;
  isFrozen: boolean;
  /** We ended it, or ask it to end. */
  isDismissed: boolean;
  thawing?: NodeJS.Timeout;
}

/** The processes of a campaign: three of them, a fourth and fifth that join for a while. */
export class Crew {
  private readonly job: Job;
  private readonly outages: Outages;
  private hands: Hand[] = [];
  private complaint: Error | undefined;

  constructor(job: Job, outages: Outages) {
    this.job = job;
    this.outages = outages;
  }

  /** Starts processes until there are three. */
  async fill(): Promise<void> {
    while (this.hands.length < SIZE) await this.start();
  }

  async join(): Promise<void> {
    if (this.hands.length >= MOST) await this.leave(0);
    await this.start();
  }

  /** SIGKILL, frozen or not. */
  async kill(share: number): Promise<void> {
    const hand = this.choose(this.hands, share);
    if (hand !== undefined) await this.end(hand).kill();
  }

  /** SIGSTOP, and SIGCONT later, while other things happen. */
  async freeze(share: number, ms: number): Promise<void> {
    const hand = this.choose(this.awake(), share);
    if (hand === undefined) return;
    hand.member.freeze();
    hand.isFrozen = true;
    hand.thawing = setTimeout(() => this.wake(hand), ms);
  }

  /** SIGTERM: it must end by itself, and well; others do not wait for it. */
  async leave(share: number): Promise<void> {
    const hand = this.choose(this.awake(), share);
    if (hand === undefined) return;
    void this.end(hand)
      .stop()
      .then(({ code, signal, stderr }) => {
        // one that had not begun to listen yet dies of the signal
        if (code !== 0 && signal !== 'SIGTERM' && !this.outages.isExcuse())
          this.note(new Error(`a process that was asked to stop ended with ${code ?? signal}: ${stderr}`));
      });
  }

  thaw(): void {
    for (const hand of this.hands) if (hand.isFrozen) this.wake(hand);
  }

  /** Returns when the processes have made so many commits, or the time is over. */
  async commits(count: number, mostMs: number): Promise<void> {
    const now = () => this.hands.reduce((sum, { member }) => sum + member.timesAt('commit.done'), 0);
    const wanted = now() + count;
    const deadline = performance.now() + mostMs;
    while (now() < wanted && performance.now() < deadline) await sleep(20);
  }

  /** Throws when a process ended that nobody had asked to. */
  complain(): void {
    if (this.complaint !== undefined) throw this.complaint;
  }

  /** What each process does, for a person who looks into a failure. */
  describe(): string {
    return this.hands.map(({ member, isFrozen }) => `${isFrozen ? 'frozen ' : ''}${member.describe()}`).join('\n');
  }

  /** All stop cleanly. */
  async dismiss(): Promise<void> {
    this.thaw();
    const all = [...this.hands];
    const late = sleep(STOP_PATIENCE_MS, undefined, { ref: false }).then(() => {
      const what = all.map(({ member }) => member.describe()).join('\n');
      throw new Error(`a process that was asked to stop still runs after ${STOP_PATIENCE_MS} ms:\n${what}`);
    });
    const endings = await Promise.race([late, Promise.all(this.hands.map((hand) => this.end(hand).stop()))]);
    for (const { code, signal, stderr } of endings)
      if (code !== 0 && signal !== 'SIGTERM')
        this.note(new Error(`the last stop: ended with ${code ?? signal}: ${stderr}`));
    this.complain();
  }

  private async start(): Promise<void> {
    await this.outages.over();
    const hand: Hand = { member: this.job.member(), isFrozen: false, isDismissed: false };
    this.hands.push(hand);
    void hand.member.ended.then(({ code, signal, stderr }) => {
      clearTimeout(hand.thawing);
      this.hands = this.hands.filter((one) => one !== hand);
      if (hand.isDismissed || this.outages.isExcuse()) return;
      if (stderr.startsWith('unreachable:')) return; // a start needs a broker; whatever supervises it starts it again
      this.note(new Error(`a process ended by itself with ${code ?? signal}: ${stderr}`));
    });
  }

  private end(hand: Hand): Member {
    hand.isDismissed = true;
    clearTimeout(hand.thawing);
    this.hands = this.hands.filter((one) => one !== hand);
    return hand.member;
  }

  private wake(hand: Hand): void {
    clearTimeout(hand.thawing);
    hand.isFrozen = false;
    hand.member.resume();
  }

  private awake(): readonly Hand[] {
    return this.hands.filter(({ isFrozen }) => !isFrozen);
  }

  private choose(hands: readonly Hand[], share: number): Hand | undefined {
    return hands[Math.floor(share * hands.length)];
  }

  private note(error: Error): void {
    this.complaint ??= error;
  }
}
