import type { OutgoingBatch, Position } from '../core/broker.ts';
import type { Counts } from '../core/observer.ts';
import type { Frame } from '../topology/frame.ts';
import { add } from '../topology/frame-counts.ts';
import { addFrame, emptyCounts } from './counters.ts';
import type { EmissionDigest } from './digest.ts';

interface AddOptions {
  readonly portNames: readonly (readonly [string, string])[];
  readonly digest: EmissionDigest;
  readonly elapsedMs: number;
  /** Outputs are discarded. */
  readonly replaying: boolean;
  /** True when the broker took the batch already. */
  readonly stage: (batch: OutgoingBatch) => boolean;
}

/** What will become durable together: filled by frames, then handed to the broker as one commit. */
export class OpenCommit {
  readonly outputs: OutgoingBatch[] = [];
  readonly counts: Counts = emptyCounts();
  next: Position;
  records = 0;
  /** Monotonic milliseconds of the first frame; undefined while nothing is in it. */
  since: number | undefined;
  /** A tick or a throw is in it: the commit takes a checkpoint along, so that replay never crosses it. */
  needsCheckpoint = false;

  constructor(from: Position) {
    this.next = from;
  }

  /** No frame is in it; the position may have moved over gaps all the same. */
  get isEmpty(): boolean {
    return this.since === undefined;
  }

  add(frame: Frame, options: AddOptions): void {
    this.since ??= options.elapsedMs;
    this.records += frame.roots.length;
    if (frame.tick !== undefined || frame.threw) this.needsCheckpoint = true;
    addFrame(this.counts, frame.counts, options.portNames);
    for (const batch of frame.outgoing) {
      if (!options.replaying && !options.stage(batch)) this.outputs.push(batch);
      options.digest.add(batch);
      add(this.counts.written, batch.topic, batch.records.length);
    }
  }
}
