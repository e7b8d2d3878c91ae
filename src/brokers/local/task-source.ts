import type { Batch, Position } from '../../core/broker.ts';
import type { PartMark, ReadMark } from './manifest.ts';

export interface PollLimit {
  readonly records: number;
  readonly bytes: number;
  readonly untilMs: number;
}

/** What a task reads: files, or the internal file of a repartition. */
export interface TaskSource {
  poll(limit: PollLimit, signal: AbortSignal): Promise<Batch>;
  /** Reading goes on at `mark`. */
  moveTo(mark: ReadMark): Promise<void>;
  /** Where the last poll ended. */
  mark(): ReadMark;
  /** True once the input is read to its end at the last poll's position. */
  readonly ended: boolean;
  /** The files read up to `mark`, as they must still be found. */
  partsAt(mark: ReadMark): Promise<readonly PartMark[]>;
  close(): Promise<void>;
}

/** Places between two polls, remembered until a commit passes them. */
export class Boundaries {
  private marks: ReadMark[] = [];

  push(mark: ReadMark): void {
    if (this.marks.at(-1)?.position === mark.position) this.marks[this.marks.length - 1] = mark;
    else this.marks.push(mark);
  }

  reset(mark: ReadMark): void {
    this.marks = [mark];
  }

  /** The mark at `position`; older ones are forgotten. */
  at(position: Position): ReadMark | undefined {
    const index = this.marks.findIndex((mark) => mark.position === position);
    if (index > 0) this.marks.splice(0, index);
    return index < 0 ? undefined : this.marks[0];
  }
}
