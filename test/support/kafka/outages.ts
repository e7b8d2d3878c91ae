import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaCluster } from './cluster.ts';
import { waitReady } from './topics.ts';

/** How long after a broker came back a process that was just starting may still end because of it. */
const AFTERMATH_MS = 20_000;

/** Restarts of brokers, one at a time, known to all campaigns that share the cluster. */
export class Outages {
  private readonly cluster: KafkaCluster;
  private queue: Promise<void> = Promise.resolve();
  private running: Promise<void> | undefined;
  private pauses = 0;
  private lastAt = Number.NEGATIVE_INFINITY;

  constructor(cluster: KafkaCluster) {
    this.cluster = cluster;
  }

  /** kill -9 of a broker and its start; none while somebody looks at results. Returns when the cluster answers again. */
  restart(share: number): Promise<void> {
    this.queue = this.queue.then(async () => {
      while (this.pauses > 0) await sleep(50);
      this.running = this.restartNow(share).finally(() => {
        this.running = undefined;
      });
      await this.running;
    });
    return this.queue;
  }

  /** Once no broker is away. */
  async over(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  /** Brokers stay up while `work` runs. */
  async pause(work: () => Promise<void>): Promise<void> {
    await this.over();
    this.pauses++;
    try {
      await work();
    } finally {
      this.pauses--;
    }
  }

  isExcuse(): boolean {
    return performance.now() - this.lastAt < AFTERMATH_MS;
  }

  private async restartNow(share: number): Promise<void> {
    const { nodes, brokers } = this.cluster;
    const node = nodes[Math.floor(share * nodes.length)]!;
    this.lastAt = performance.now();
    await node.kill();
    await node.start();
    await waitReady(brokers);
    this.lastAt = performance.now();
  }
}
