import type { TaskId } from '../../core/broker.ts';
import type { TransportObserver } from '../../core/transport.ts';
import type { Lane } from './lane.ts';

export interface TrimmerOptions {
  readonly lane: Lane;
  readonly task: TaskId;
  /** A topic between stages: nobody else reads it, so what a durable checkpoint covers can go. */
  readonly internal: boolean;
  readonly state: { readonly topic: string; readonly partition: number };
  readonly patienceMs: number;
  readonly observer: TransportObserver;
}

/** A trim costs a request; below this many records it is not worth one. */
const MIN_RECORDS = 1000;

/** Deletes what no restart can need any more, beside the work and after the commit that made it so. A failed trim is a metric: the next one covers it. */
export class Trimmer {
  private readonly options: TrimmerOptions;
  private running: Promise<void> | undefined;
  private inputTrimmed = 0;
  private stateTrimmed = 0;

  constructor(options: TrimmerOptions) {
    this.options = options;
  }

  trim(to: { readonly inputBelow: number; readonly stateBelow: number }): void {
    if (this.running !== undefined) return;
    const input = this.options.internal && to.inputBelow - this.inputTrimmed >= MIN_RECORDS;
    const old = to.stateBelow - this.stateTrimmed >= MIN_RECORDS;
    if (!input && !old) return;
    this.running = this.both(input ? to.inputBelow : undefined, old ? to.stateBelow : undefined).finally(() => {
      this.running = undefined;
    });
  }

  async idle(): Promise<void> {
    await this.running;
  }

  private async both(inputBelow: number | undefined, stateBelow: number | undefined): Promise<void> {
    const { task, state, observer } = this.options;
    try {
      if (inputBelow !== undefined) await this.deleteBelow(task, inputBelow);
      this.inputTrimmed = inputBelow ?? this.inputTrimmed;
      if (stateBelow !== undefined) await this.deleteBelow(state, stateBelow);
      this.stateTrimmed = stateBelow ?? this.stateTrimmed;
    } catch {
      observer.trimFailed(task); // the next trim covers it
    }
  }

  private async deleteBelow(place: { topic: string; partition: number }, offset: number): Promise<void> {
    const { topic, partition } = place;
    const { lane, patienceMs } = this.options;
    await lane.onLeader(place, { patienceMs, repeatLost: true }, (node) =>
      node.deleteRecords({ topics: [{ topic, partitions: [{ partition, offset: String(offset) }] }] }),
    );
  }
}
