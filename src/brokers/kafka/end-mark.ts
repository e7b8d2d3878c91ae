import type { Position } from '../../core/broker.ts';

/** Whether a task's commits say that its input has ended: from the commit that tells the next stage until a record follows. */
export class EndMark {
  /** Told at this position. */
  private endedAt: Position | undefined;
  /** First record read since then. */
  private recordAt: Position | undefined;

  constructor(committed: { readonly offset: Position; readonly ended: boolean } | undefined) {
    this.endedAt = committed?.ended === true ? committed.offset : undefined;
  }

  /** A poll gave records, the first of them here. */
  note(firstRecord: Position): void {
    if (this.endedAt !== undefined && firstRecord >= this.endedAt) this.recordAt ??= firstRecord;
  }

  /** What the commit that moves on to `next` says; `told`: the next stage hears of the end in it. */
  of(next: Position, told: boolean): boolean {
    if (told) {
      this.endedAt = next;
      this.recordAt = undefined;
      return true;
    }
    return this.endedAt !== undefined && (this.recordAt === undefined || this.recordAt >= next);
  }
}
