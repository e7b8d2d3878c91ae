import { BrokerError } from '../../core/errors.ts';
import { disconnect, type KafkaNode } from './client.ts';
import type { Cluster, CoordinatorKind } from './cluster.ts';
import { type ErrorKind, kindOf } from './protocol-errors.ts';

export interface Patience {
  /** Longest time to go on trying, milliseconds. */
  readonly patienceMs: number;
  /** Repeating is harmless when the connection broke and the request may have had its effect. */
  readonly repeatLost?: boolean;
}

const FIRST_BACKOFF_MS = 10;
const MAX_BACKOFF_MS = 500;
/** What passes by itself and soon: markers being written after a commit, a coordinator that loads. */
const MAX_BUSY_BACKOFF_MS = 40;

/**
 * Sockets of its own to whichever nodes are needed. A node works on the requests of one socket in turn, so whatever may
 * wait there (joining a group, a long fetch, a commit) has a lane to itself and holds nobody up.
 */
export class Lane {
  private readonly cluster: Cluster;
  private readonly nodes = new Map<number, KafkaNode>();
  private readonly connecting = new Map<number, Promise<KafkaNode>>();
  private readonly ending = new AbortController();
  private readonly leave: () => void;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.leave = cluster.enter(this);
  }

  async onCoordinator<T>(
    of: { readonly kind: CoordinatorKind; readonly key: string },
    patience: Patience,
    call: (node: KafkaNode) => Promise<T>,
  ): Promise<T> {
    return this.persist(patience, {
      find: async () => this.node(await this.cluster.coordinatorId(of.kind, of.key)),
      stale: () => this.cluster.forgetCoordinator(of.kind, of.key),
      call,
    });
  }

  async onLeader<T>(
    of: { readonly topic: string; readonly partition: number },
    patience: Patience,
    call: (node: KafkaNode) => Promise<T>,
  ): Promise<T> {
    return this.persist(patience, {
      find: async () => this.node(await this.leaderId(of.topic, of.partition)),
      stale: async () => void (await this.cluster.refresh()),
      call,
    });
  }

  async onNode<T>(nodeId: number, patience: Patience, call: (node: KafkaNode) => Promise<T>): Promise<T> {
    return this.persist(patience, { find: () => this.node(nodeId), stale: () => {}, call });
  }

  async onController<T>(patience: Patience, call: (node: KafkaNode) => Promise<T>): Promise<T> {
    return this.persist(patience, {
      find: async () => this.node(await this.cluster.controllerId()),
      stale: () => {},
      call,
    });
  }

  async leaderId(topic: string, partition: number): Promise<number> {
    const info = await this.cluster.topic(topic);
    const leader = info?.partitions[partition]?.leader;
    if (leader === undefined)
      throw Object.assign(new Error(`there is no partition ${partition} of ${topic}`), {
        code: 3,
        type: 'UNKNOWN_TOPIC_OR_PARTITION',
      });
    if (leader < 0)
      throw Object.assign(new Error(`${topic}/${partition} has no leader right now`), {
        code: 5,
        type: 'LEADER_NOT_AVAILABLE',
      });
    return leader;
  }

  /** Connected. Whoever asks while it connects waits for the same connection. */
  async node(nodeId: number): Promise<KafkaNode> {
    const known = this.nodes.get(nodeId);
    // not the node's own word, which is no as soon as its session wants to be renewed: that is done in place, by the next request
    if (known?.connectionPool.pool.some((connection) => connection.isConnected())) return known;
    if (this.ending.signal.aborted) throw closed();
    const under = this.connecting.get(nodeId) ?? this.connect(nodeId).finally(() => this.connecting.delete(nodeId));
    this.connecting.set(nodeId, under);
    return under;
  }

  /** What is under way fails. */
  async close(): Promise<void> {
    this.leave();
    this.ending.abort(closed());
    await Promise.all([...this.nodes.values()].map((node) => this.drop(node)));
  }

  /** Its connection broke. A newer one to the same node stays. */
  async drop(node: KafkaNode): Promise<void> {
    if (node.nodeId !== null && this.nodes.get(node.nodeId) === node) this.nodes.delete(node.nodeId);
    await disconnect(node).catch(() => {}); // broken already
  }

  private async connect(nodeId: number): Promise<KafkaNode> {
    const known = this.nodes.get(nodeId);
    if (known !== undefined) await this.drop(known);
    const address = this.cluster.address(nodeId);
    if (address === undefined) throw Object.assign(new Error(`node ${nodeId} is gone`), { code: 5 });
    const node = this.cluster.makeNode({ ...address, nodeId });
    try {
      await node.connect();
      if (this.ending.signal.aborted) throw closed();
    } catch (error) {
      await this.drop(node); // not let in, or not answered: its socket may be open
      throw error;
    }
    this.nodes.set(nodeId, node);
    return node;
  }

  private async persist<T>(patience: Patience, steps: Steps<T>): Promise<T> {
    const { clock } = this.cluster;
    const { signal } = this.ending;
    const deadline = clock.elapsed() + patience.patienceMs;
    let sent: KafkaNode | undefined;
    for (let attempt = 0; ; attempt++) {
      try {
        sent = undefined;
        const node = await steps.find();
        sent = node;
        return await steps.call(node);
      } catch (error) {
        if (signal.aborted) throw closed();
        const kind = kindOf(error);
        this.cluster.onError(kind);
        const harmless = sent === undefined || patience.repeatLost === true;
        if (!repeats(kind, error, harmless) || clock.elapsed() >= deadline) throw error;
        if (kind === 'lost' && sent !== undefined) await this.drop(sent);
        if (kind !== 'busy') await this.lookAgain(steps);
        const most = kind === 'busy' ? MAX_BUSY_BACKOFF_MS : MAX_BACKOFF_MS;
        await clock.sleep(Math.min(most, FIRST_BACKOFF_MS * 2 ** Math.min(attempt, 10)), signal);
      }
    }
  }

  /** A refresh that fails is not the story: the next attempt tells. */
  private async lookAgain(steps: Steps<unknown>): Promise<void> {
    try {
      await steps.stale();
      await this.cluster.refresh();
    } catch (error) {
      this.cluster.onError(kindOf(error));
    }
  }
}

interface Steps<T> {
  find(): Promise<KafkaNode>;
  stale(): void | Promise<void>;
  call(node: KafkaNode): Promise<T>;
}

function repeats(kind: ErrorKind, error: unknown, harmless: boolean): boolean {
  if (kind === 'stale' || kind === 'busy') return true;
  if (error instanceof BrokerError) return error.code === 'unreachable' && error.retryable;
  return kind === 'lost' && harmless;
}

function closed(): BrokerError {
  return new BrokerError('the connection was closed by us', { code: 'closed' });
}
