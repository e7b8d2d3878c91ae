import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installKafka } from './install.ts';
import { KafkaNode } from './node.ts';
import { freePort } from './ports.ts';
import { TcpProxy } from './proxy.ts';
import { makeSecurity, type Security } from './security.ts';
import { waitReady } from './topics.ts';

export interface ClusterOptions {
  /** 3: internal topics with RF 3 and two in-sync replicas, so that one may die. */
  readonly nodes?: 1 | 3;
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Adds a listener that is reached only through a TCP proxy a node. */
  readonly proxied?: boolean;
  /** Adds a listener with TLS and SASL (plain, scram-sha-256, scram-sha-512). */
  readonly secure?: boolean;
  readonly optimized?: boolean;
  /** Of one node: id of the cluster, and `settings` are all it gets, listeners included (on `port`). */
  readonly alone?: string;
  /** Port of the first node; default any free one. */
  readonly port?: number;
}

export interface KafkaCluster {
  readonly brokers: readonly string[];
  readonly nodes: readonly KafkaNode[];
  /** Parallel to `nodes`, and the addresses to give to a client; empty unless `proxied`. */
  readonly proxies: readonly TcpProxy[];
  readonly proxiedBrokers: readonly string[];
  readonly security: Security | undefined;
  /** Addresses of the secure listener; empty unless `secure`. */
  readonly secureBrokers: readonly string[];
  /** Stops all nodes and removes their folders. */
  close(): Promise<void>;
}

interface Ports {
  readonly id: number;
  readonly plain: number;
  readonly controller: number;
  readonly proxied: number;
  readonly secure: number;
}

/** An own cluster of one or three nodes on loopback with random ports. Throws NoBroker where Kafka cannot be installed. */
export async function startKafka(options: ClusterOptions = {}): Promise<KafkaCluster> {
  const { nodes: count = 1 } = options;
  const home = await installKafka();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-kafka-'));
  const ports = await Promise.all(
    Array.from({ length: count }, (_, i) => choosePorts(i + 1, i === 0 ? options.port : undefined)),
  );
  const security = options.secure === true ? await makeSecurity(folder) : undefined;
  const proxies = options.proxied === true ? await Promise.all(ports.map((p) => TcpProxy.listen(p.proxied))) : [];
  const voters = ports.map((p) => `${p.id}@127.0.0.1:${p.controller}`).join(',');
  const nodes = ports.map(
    (p, i) =>
      new KafkaNode({
        home,
        id: p.id,
        folder: join(folder, `node-${p.id}`),
        optimized: options.optimized ?? false,
        users: security?.users ?? [],
        ...(options.alone === undefined
          ? {
              settings: {
                ...listeners(p, { proxy: proxies[i]?.port, secure: security !== undefined }),
                'controller.quorum.voters': voters,
                ...(security?.settings ?? {}),
                ...(count === 3 ? REPLICATED : {}),
                ...options.settings,
              },
            }
          : { alone: options.alone, settings: options.settings ?? {} }),
      }),
  );
  const brokers = ports.map((p) => `127.0.0.1:${p.plain}`);
  const close = async () => {
    for (const proxy of proxies) proxy.close();
    await Promise.all(nodes.map((node) => node.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(nodes.map((node) => node.start()));
    await waitReady(brokers);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    brokers,
    nodes,
    proxies,
    proxiedBrokers: proxies.map((proxy) => `127.0.0.1:${proxy.port}`),
    security,
    secureBrokers: security === undefined ? [] : ports.map((p) => `localhost:${p.secure}`),
    close,
  };
}

const REPLICATED = {
  'offsets.topic.replication.factor': 3,
  'transaction.state.log.replication.factor': 3,
  'transaction.state.log.min.isr': 2,
  'share.coordinator.state.topic.replication.factor': 3,
  'share.coordinator.state.topic.min.isr': 2,
  'default.replication.factor': 3,
  'min.insync.replicas': 2,
};

async function choosePorts(id: number, port: number | undefined): Promise<Ports> {
  const [free, controller, proxied, secure] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const plain = port ?? free;
  return { id, plain, controller, proxied, secure };
}

/** Listeners of one node and the addresses it tells its clients; PROXIED is told by the address of its proxy. */
function listeners(ports: Ports, also: { readonly proxy?: number | undefined; readonly secure: boolean }) {
  const own: string[] = [`PLAINTEXT://127.0.0.1:${ports.plain}`];
  const told = [...own];
  if (also.proxy !== undefined) {
    own.push(`PROXIED://127.0.0.1:${ports.proxied}`);
    told.push(`PROXIED://127.0.0.1:${also.proxy}`);
  }
  if (also.secure) {
    own.push(`SECURE://127.0.0.1:${ports.secure}`);
    told.push(`SECURE://localhost:${ports.secure}`);
  }
  own.push(`CONTROLLER://127.0.0.1:${ports.controller}`);
  return { listeners: own.join(','), 'advertised.listeners': told.join(',') };
}
