import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataPath } from '../../data.ts';
import { cacheFolder } from '../../support/kafka/install.ts';
import { readTopic } from '../../support/kafka/read-topic.ts';
import { createTopic, withAdmin } from '../../support/kafka/topics.ts';
import type { Sample } from './sample.ts';

/** The yardstick cannot be had here; the message says why. */
export class NoKafkaStreams extends Error {}

export interface StreamsJob {
  readonly brokers: readonly string[];
  readonly input: string;
  readonly partitions: number;
  /** Consumer group; the outputs are `<name>.curated` and `<name>.quarantine`. */
  readonly name: string;
  readonly guarantee: 'exactly_once_v2' | 'at_least_once';
}

const SOURCES = dataPath('../bench/kafka-streams');
const POLL_MS = 250;
/** Nothing was written for this long: it has read everything. */
const QUIET_MS = 5000;
/** Includes the download of its jars, the first time. */
const FIRST_OUTPUT_MS = 300_000;
const STOP_MS = 15_000;
const CLOCK_TICKS_A_SECOND = 100;

/**
 * The reference job on Kafka Streams, from the start of its process to its last output. Seconds are those between its first
 * and last output by the broker's clock, so its start is left out; CPU is that of the process, start included, up to its last
 * output. Classes and jars are built into the user's cache the first time.
 */
export async function runKafkaStreams(job: StreamsJob): Promise<Sample> {
  if (!existsSync(join(SOURCES, 'run.sh'))) throw new NoKafkaStreams(`there is no ${SOURCES}/run.sh`);
  const topics = outputsOf(job.name);
  const config = { 'message.timestamp.type': 'LogAppendTime' };
  for (const topic of topics) await createTopic(job.brokers, topic, { partitions: job.partitions, config });
  mkdirSync(cacheFolder(), { recursive: true });
  const state = mkdtempSync(join(cacheFolder(), 'streams-state-'));
  const log = join(state, 'log.txt');
  const child = start(job, state, log);
  try {
    const used = await untilQuiet(child, job, log);
    return { ...used, seconds: await outputSeconds(job) };
  } finally {
    await stop(child);
    rmSync(state, { recursive: true, force: true });
  }
}

function outputsOf(name: string): readonly [string, string] {
  return [`${name}.curated`, `${name}.quarantine`];
}

/** One build for each version of the sources. */
function buildFolder(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(SOURCES).sort()) hash.update(readFileSync(join(SOURCES, file)));
  return join(cacheFolder(), `kafka-streams-${hash.digest('hex').slice(0, 12)}`);
}

function start(job: StreamsJob, state: string, log: string): ChildProcess {
  const [curated, quarantine] = outputsOf(job.name);
  const out = openSync(log, 'a');
  const child = spawn(join(SOURCES, 'run.sh'), [], {
    stdio: ['ignore', out, out],
    env: {
      ...process.env,
      BROKER: job.brokers.join(','),
      IN: job.input,
      CURATED: curated,
      QUARANTINE: quarantine,
      GROUP: job.name,
      STATE: state,
      GUARANTEE: job.guarantee,
      BUILD: buildFolder(),
    },
  });
  closeSync(out);
  return child;
}

/** What the process has used up when its outputs stopped growing. */
async function untilQuiet(child: ChildProcess, job: StreamsJob, log: string): Promise<Omit<Sample, 'seconds'>> {
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  let written = 0;
  let used = { cpuSeconds: 0, peakMiB: 0 };
  let since = performance.now();
  while (performance.now() - since < (written === 0 ? FIRST_OUTPUT_MS : QUIET_MS)) {
    if (child.exitCode !== null) {
      const text = readFileSync(log, 'utf8').trim().slice(-500);
      throw new NoKafkaStreams(`run.sh ended with ${child.exitCode}: ${text}`);
    }
    await sleep(POLL_MS);
    const now = await endOffsets(job);
    if (now === written) continue;
    written = now;
    since = performance.now();
    used = usedBy(child.pid ?? 0);
  }
  process.removeListener('exit', killAtExit);
  return used;
}

function endOffsets({ brokers, name }: StreamsJob): Promise<number> {
  return withAdmin(brokers, async (admin) => {
    const ends = await Promise.all(outputsOf(name).map((topic) => admin.fetchTopicOffsets(topic)));
    return ends.flat().reduce((sum, { high }) => sum + Number(high), 0);
  });
}

/** The shell has become the JVM: one process, and the build's children do not count. */
function usedBy(pid: number): Omit<Sample, 'seconds'> {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]); // user, system
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { cpuSeconds: ticks / CLOCK_TICKS_A_SECOND, peakMiB: Number(peak?.[1] ?? 0) / 1024 };
}

async function outputSeconds({ brokers, name }: StreamsJob): Promise<number> {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const topic of outputsOf(name)) {
    for (const { timestamp } of await readTopic(brokers, topic)) {
      if (timestamp < first) first = timestamp;
      if (timestamp > last) last = timestamp;
    }
  }
  return (last - first) / 1000;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timer);
}
