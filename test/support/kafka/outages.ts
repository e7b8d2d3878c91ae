import type { KafkaCluster } from './cluster.ts';
import { waitReady } from './topics.ts';

/** How long after a broker came back a process that was just starting may still end because of it. */
const AFTERMATH_MS = 20_000;

/** Restarts of brokers, one at a time, known to all campaigns that share the cluster. */
export class Outages {
  private readonly cluster: KafkaCluster;
  private current: Promise<void> = Promise.resolve();
  private pauses = 0;
  private lastAt = Number.NEGATIVE_INFINITY;

  constructor(cluster: KafkaCluster) {
    this.cluster = cluster;
  }

  /** kill -9 of a broker and its start; none while somebody looks at results. Returns when the cluster answers again. */
  restart(share: number): Promise<void> {
    this.current = this.current.then(() => this.restartNow(share));
    return this.current;
  }

  over(): Promise<void> {
    return this.current;
  }

  /** Brokers stay up while `work` runs. */
  async pause(work: () => Promise<void>): Promise<void> {
    this.pauses++;
    try {
      await this.current;
      await work();
    } finally {
      this.pauses--;
    }
  }

  isExcuse(): boolean {
    return performance.now() - this.lastAt < AFTERMATH_MS;
  }

  private async restartNow(share: number): Promise<void> {
    while (this.pauses > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    const { nodes, brokers } = this.cluster;
    const node = nodes[Math.floor(share * nodes.length)]!;
    this.lastAt = performance.now();
    await node.kill();
    await node.start();
    await waitReady(brokers);
    this.lastAt = performance.now();
  }
}
