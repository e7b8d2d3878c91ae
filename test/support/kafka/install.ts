import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatStorage, KafkaNode } from './node.ts';

const run = promisify(execFile);
const SCRIPTS = join(import.meta.dirname, '..', '..', '..', 'scripts', 'kafka');

/** There is no broker to be had here; the message says why. */
export class NoBroker extends Error {}

/**
 * Apache Kafka from Maven Central in the user's cache folder (`SLUICE_CACHE`, default `~/.cache/sluice`), one copy for all
 * checkouts: `jars/`, a formatted storage folder to copy (saves a JVM start a node), and a class-data archive (halves the
 * start). Downloads 54 MB and takes about 30 s the first time. Throws NoBroker without Java 17 or Maven; under CI=true
 * those are installed by apt-get first.
 */
export async function installKafka(): Promise<string> {
  const pom = join(SCRIPTS, 'pom.xml');
  const log4j = join(SCRIPTS, 'log4j2.properties');
  const version = createHash('sha256').update(readFileSync(pom)).update(readFileSync(log4j)).digest('hex').slice(0, 12);
  const home = join(cacheFolder(), `kafka-${version}`);
  needTool('java', ['-version'], 'openjdk-17-jdk-headless');
  if (existsSync(join(home, 'ready'))) return home;
  needTool('mvn', ['-v'], 'maven');
  mkdirSync(cacheFolder(), { recursive: true });
  const building = mkdtempSync(join(cacheFolder(), 'building-'));
  try {
    cpSync(pom, join(building, 'pom.xml'));
    cpSync(log4j, join(building, 'log4j2.properties'));
    await copyJars(building);
    await formatTemplate(building);
    await archiveClasses(building);
    writeFileSync(join(building, 'ready'), '');
    publish(building, home);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return home;
}

export function cacheFolder(): string {
  return process.env.SLUICE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sluice');
}

/** Checks that a program runs; in CI a missing one is installed from Debian's packages. */
export function needTool(name: string, args: readonly string[], debianPackage: string): void {
  const works = () => spawnSync(name, args, { stdio: 'ignore' }).status === 0;
  if (works()) return;
  if (process.env.CI === 'true') {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore', env });
    spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', debianPackage], { stdio: 'ignore', env });
    if (works()) return;
  }
  throw new NoBroker(`${name} is not installed (Debian: apt-get install ${debianPackage})`);
}

async function copyJars(home: string): Promise<void> {
  const args = ['-B', '-ntp', '-q', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=jars'];
  await run('mvn', args, { cwd: home, timeout: 300_000 }).catch((cause: unknown) => {
    throw new NoBroker('Maven could not fetch the jars of Apache Kafka', { cause });
  });
}

async function formatTemplate(home: string): Promise<void> {
  const folder = join(home, 'template');
  const properties = join(home, 'template.properties');
  const settings = [
    'process.roles=broker,controller',
    'node.id=1',
    'controller.quorum.voters=1@127.0.0.1:1',
    'controller.listener.names=CONTROLLER',
    'listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1',
    `log.dirs=${folder}`,
  ];
  writeFileSync(properties, settings.join('\n'));
  await formatStorage(home, properties);
}

/** One start and stop of a node, with the classes it loads dumped for the next. */
async function archiveClasses(home: string): Promise<void> {
  const folder = mkdtempSync(join(home, 'archive-'));
  const node = new KafkaNode({ home, folder, jvm: ['-XX:ArchiveClassesAtExit=classes.jsa'] });
  try {
    await node.start();
  } finally {
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function publish(building: string, home: string): void {
  try {
    renameSync(building, home);
  } catch (error) {
    if (!existsSync(join(home, 'ready'))) throw error; // else another process was first
  }
}
