import type { Clock } from '../../core/clock.ts';
import { BrokerError } from '../../core/errors.ts';
import { disconnect, type KafkaNode, type NodeFactory } from './client.ts';
import { type ClusterInfo, fetchMetadata, type NodeAddress, type TopicInfo } from './metadata.ts';
import { brokerError, kindOf, protocolFailure } from './protocol-errors.ts';

export interface ClusterOptions {
  readonly bootstrap: readonly { readonly host: string; readonly port: number }[];
  readonly makeNode: NodeFactory;
  readonly clock: Clock;
  /** Client errors by kind, for metrics. */
  readonly onError?: (kind: string) => void;
}

export type CoordinatorKind = 'group' | 'transaction';

/** What one process knows of the cluster: its nodes, leaders and coordinators. Sockets belong to lanes. */
export class Cluster {
  readonly clock: Clock;
  readonly makeNode: NodeFactory;
  readonly onError: (kind: string) => void;
  private readonly bootstrap: ClusterOptions['bootstrap'];
  private readonly nodes = new Map<number, NodeAddress>();
  private readonly topics = new Map<string, TopicInfo>();
  private readonly coordinators = new Map<string, number>();
  private readonly wanted = new Set<string>();
  private refreshing: Promise<ClusterInfo> | undefined;
  private asker: KafkaNode | undefined;
  private readonly lanes = new Set<{ close(): Promise<void> }>();
  private closed = false;

  constructor(options: ClusterOptions) {
    this.bootstrap = options.bootstrap;
    this.makeNode = options.makeNode;
    this.clock = options.clock;
    this.onError = options.onError ?? (() => {});
  }

  /** A lane is open until it says otherwise. */
  enter(lane: { close(): Promise<void> }): () => void {
    this.lanes.add(lane);
    return () => this.lanes.delete(lane);
  }

  /** For tests: every socket is gone at once, and none is opened again, as when the process dies. */
  async kill(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.lanes].map((lane) => lane.close()));
    await this.close();
  }

  address(nodeId: number): NodeAddress | undefined {
    return this.nodes.get(nodeId);
  }

  /** What is known of a topic, asked for when it is not; undefined: there is no such topic. */
  async topic(name: string): Promise<TopicInfo | undefined> {
    return this.topics.get(name) ?? (await this.describe([name])).get(name);
  }

  /** Asks anew. */
  async describe(names: readonly string[]): Promise<ReadonlyMap<string, TopicInfo>> {
    for (const name of names) this.wanted.add(name);
    const info = await this.refresh();
    if (names.some((name) => !info.topics.some(({ topic }) => topic === name) && !info.failures.has(name)))
      await this.refresh(); // another refresh was under way that did not ask for these
    return this.topics;
  }

  /** Reads nodes, and leaders of every topic asked for so far, again; one request at a time. */
  refresh(): Promise<ClusterInfo> {
    this.refreshing ??= this.ask().finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  /** For good: whoever still asks fails. */
  async close(): Promise<void> {
    this.closed = true;
    await this.dropAsker();
  }

  async coordinatorId(kind: CoordinatorKind, key: string): Promise<number> {
    const known = this.coordinators.get(`${kind}/${key}`);
    if (known !== undefined) return known;
    const { coordinator } = await this.withAsker((node) =>
      node.findGroupCoordinator({ groupId: key, coordinatorType: kind === 'group' ? 0 : 1 }),
    );
    const { nodeId, host, port } = coordinator;
    if (!this.nodes.has(nodeId)) this.nodes.set(nodeId, { nodeId, host, port });
    this.coordinators.set(`${kind}/${key}`, nodeId);
    return nodeId;
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.coordinators.delete(`${kind}/${key}`);
  }

  async controllerId(): Promise<number> {
    return (await this.refresh()).controller;
  }

  private async ask(): Promise<ClusterInfo> {
    const info = await this.withAsker((node) => fetchMetadata(node, [...this.wanted]));
    const alive = new Set(info.nodes.map(({ nodeId }) => nodeId));
    for (const nodeId of this.nodes.keys()) if (!alive.has(nodeId)) this.nodes.delete(nodeId);
    for (const node of info.nodes) this.nodes.set(node.nodeId, node);
    for (const [name, code] of info.failures) {
      this.topics.delete(name);
      // not allowed to see it, or not let in at all: that is no missing topic
      const failure = protocolFailure(code, name);
      if (kindOf(failure) === 'fatal') throw brokerError(failure, { what: 'describing topics' });
    }
    for (const topic of info.topics) this.topics.set(topic.topic, topic);
    return info;
  }

  /** Any node will do: the one asked last, else the first that answers. */
  private async withAsker<T>(call: (node: KafkaNode) => Promise<T>): Promise<T> {
    this.mustBeOpen();
    if (this.asker?.isConnected()) {
      try {
        return await call(this.asker);
      } catch (error) {
        if (kindOf(error) !== 'lost') throw error;
        await this.dropAsker();
      }
    }
    const failures: unknown[] = [];
    for (const address of [...this.nodes.values(), ...this.bootstrap]) {
      const node = this.makeNode({ host: address.host, port: address.port });
      try {
        await node.connect();
        const answer = await call(node);
        this.mustBeOpen();
        await this.dropAsker();
        this.asker = node;
        return answer;
      } catch (error) {
        await disconnect(node).catch(() => {}); // it never was connected
        if (kindOf(error) === 'fatal')
          throw brokerError(error, { what: `connecting to ${address.host}:${address.port}` });
        if (kindOf(error) !== 'lost') throw error;
        this.onError('lost');
        failures.push(error);
      }
    }
    const tried = this.bootstrap.map(({ host, port }) => `${host}:${port}`).join(', ');
    throw new BrokerError(`no Kafka broker answers at ${tried}: ${String((failures.at(-1) as Error)?.message)}`, {
      code: 'unreachable',
      cause: failures.at(-1),
      retryable: true,
    });
  }

  private mustBeOpen(): void {
    if (this.closed) throw new BrokerError('the cluster was closed by us', { code: 'closed' });
  }

  private async dropAsker(): Promise<void> {
    const node = this.asker;
    this.asker = undefined;
    if (node !== undefined) await disconnect(node).catch(() => {}); // broken already
  }
}
