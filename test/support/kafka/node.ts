import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './ports.ts';

const run = promisify(execFile);
const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 10_000;
/** Any 22 characters of base64url; the same everywhere, as every cluster has its own folders and ports. */
const CLUSTER_ID = 'c2x1aWNlLXRlc3Rz'.padEnd(22, 'A');
const STARTED = 'Kafka Server started';

export interface NodeOptions {
  /** Folder made by installKafka. */
  readonly home: string;
  /** Log, settings and data of this node. */
  readonly folder: string;
  readonly id?: number;
  /** Listener settings and ports come from the cluster; anything may be overridden. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Id of the cluster: the storage is formatted with it, and `settings` are all there is, without the defaults of tests. */
  readonly alone?: string;
  /** SCRAM users, in the words of the storage tool's `--add-scram`. */
  readonly users?: readonly string[];
  readonly jvm?: readonly string[];
  /** Memory, collector and compiler as Kafka's own start script sets them, for benches: starts slower, and takes 1 GiB. */
  readonly optimized?: boolean;
}

const JVM = {
  small: ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
  asShipped: [
    '-server',
    '-Xms1g',
    '-Xmx1g',
    '-XX:+UseG1GC',
    '-XX:MaxGCPauseMillis=20',
    '-XX:InitiatingHeapOccupancyPercent=35',
    '-XX:+ExplicitGCInvokesConcurrent',
    '-XX:MaxInlineLevel=15',
  ],
};

/** One broker process, and what can befall it. */
export class KafkaNode {
  readonly id: number;
  private readonly options: NodeOptions;
  private child: ChildProcess | undefined;

  constructor(options: NodeOptions) {
    this.options = options;
    this.id = options.id ?? 1;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get logFile(): string {
    return join(this.options.folder, 'server.log');
  }

  get dataFolder(): string {
    return join(this.options.folder, 'data');
  }

  /** Resolves when the log says that the server has started. */
  async start(): Promise<void> {
    await this.prepare();
    const from = existsSync(this.logFile) ? readFileSync(this.logFile).length : 0;
    this.spawn();
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (!readFileSync(this.logFile).subarray(from).includes(STARTED)) {
      if (this.child === undefined || performance.now() > deadline) {
        await this.kill();
        throw new Error(`broker ${this.id} did not start: ${readFileSync(this.logFile, 'utf8').slice(-3000)}`);
      }
      await sleep(30);
    }
  }

  /** SIGTERM, and SIGKILL when that takes longer than 10 s. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  private async prepare(): Promise<void> {
    const { folder, home, settings = {}, users = [], alone } = this.options;
    const properties = join(folder, 'server.properties');
    if (existsSync(properties)) return;
    mkdirSync(folder, { recursive: true });
    const data = this.dataFolder;
    const usual = alone === undefined ? await defaults(this.id) : {};
    const lines = Object.entries({ ...usual, 'log.dirs': data, ...settings });
    writeFileSync(properties, lines.map(([key, value]) => `${key}=${value}\n`).join(''));
    if (existsSync(data)) return;
    if (alone !== undefined) return formatStorage(home, properties, { clusterId: alone });
    if (users.length > 0) return formatStorage(home, properties, { users });
    cpSync(join(home, 'template'), data, { recursive: true });
    const meta = readFileSync(join(data, 'meta.properties'), 'utf8')
      .replace(/^node\.id=.*$/m, `node.id=${this.id}`)
      .replace(/^directory\.id=.*$/m, `directory.id=A${randomBytes(16).toString('base64url').slice(1)}`);
    writeFileSync(join(data, 'meta.properties'), meta);
  }

  private spawn(): void {
    const { folder, home, jvm = [], optimized = false } = this.options;
    const archive = existsSync(join(home, 'classes.jsa')) ? ['-XX:SharedArchiveFile=classes.jsa'] : [];
    const args = [
      ...(optimized ? JVM.asShipped : JVM.small),
      ...archive,
      ...jvm,
      '-Dlog4j2.configurationFile=log4j2.properties',
      '-cp',
      'jars/*',
      'kafka.Kafka',
      join(folder, 'server.properties'),
    ];
    const log = openSync(this.logFile, 'a');
    const child = spawn('java', args, { cwd: home, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    child.unref();
    const killAtExit = () => child.kill('SIGKILL');
    process.once('exit', killAtExit);
    child.once('exit', () => {
      process.removeListener('exit', killAtExit);
      if (this.child === child) this.child = undefined;
    });
    this.child = child;
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    child.kill('SIGCONT'); // a frozen one does not hear SIGTERM
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }
}

/** Formats the folder named in a server's properties; only users need it, else a copy of the template does. */
export async function formatStorage(
  home: string,
  properties: string,
  options: { readonly users?: readonly string[]; readonly clusterId?: string } = {},
): Promise<void> {
  const { users = [], clusterId = CLUSTER_ID } = options;
  const scram = users.flatMap((user) => ['--add-scram', user]);
  const args = ['-cp', 'jars/*', 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties, ...scram];
  await run('java', args, { cwd: home, timeout: 60_000 });
}

/** A lone node for tests: everything small, everything quick to give up. */
async function defaults(id: number): Promise<Record<string, string | number>> {
  const port = await freePort();
  const controller = await freePort();
  return {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': `${id}@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,SECURE:SASL_SSL',
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
    'log.cleaner.dedupe.buffer.size': 4_194_304,
    // records of tests have times of long ago: by the default of seven days they would go at the first look, after five minutes
    'log.retention.ms': -1,
    // a node killed and started again is refused until its old session is over
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'num.network.threads': 2,
    'num.io.threads': 2,
  };
}
