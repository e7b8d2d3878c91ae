import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, NoBroker, needTool } from './install.ts';
import { freePort } from './ports.ts';
import { until } from './topics.ts';

const run = promisify(execFile);

/** The newest that runs on Java 17. */
export const VERSION = '3.0.9';

export interface Registry {
  /** Base of the API that Confluent's clients speak. */
  readonly url: string;
  readonly process: ChildProcess;
  /** SIGKILL: it keeps nothing. */
  close(): Promise<void>;
}

/** A schema registry (Apicurio, in memory) on loopback. Fetched by Maven the first time (109 MB); ready in about 10 s. */
export async function startRegistry(
  options: {
    readonly port?: number;
    readonly logFile?: string;
    /** Settings instead of the port alone. */
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Registry> {
  const home = await installRegistry();
  const port = options.port ?? (await freePort());
  const { env = { QUARKUS_HTTP_PORT: String(port) } } = options;
  const log = options.logFile === undefined ? undefined : openSync(options.logFile, 'a');
  const child = spawn('java', ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', jarOf(home)], {
    cwd: home,
    detached: true,
    stdio: ['ignore', log ?? 'ignore', log ?? 'ignore'],
    env: { ...process.env, QUARKUS_HTTP_HOST: '127.0.0.1', ...env },
  });
  if (log !== undefined) closeSync(log);
  child.unref();
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  const close = async () => {
    child.kill('SIGKILL');
    await exited;
    process.removeListener('exit', killAtExit);
  };
  try {
    await until('the schema registry', async () => (await fetch(`${url}/subjects`)).ok);
  } catch (error) {
    await close();
    throw error;
  }
  return { url, process: child, close };
}

function jarOf(home: string): string {
  return join(home, `apicurio-registry-app-${VERSION}-runner.jar`);
}

async function installRegistry(): Promise<string> {
  const home = join(cacheFolder(), `apicurio-${VERSION}`);
  needTool('java', ['-version'], 'openjdk-17-jdk-headless');
  if (existsSync(jarOf(home))) return home;
  needTool('mvn', ['-v'], 'maven');
  mkdirSync(cacheFolder(), { recursive: true });
  const building = mkdtempSync(join(cacheFolder(), 'building-'));
  try {
    const artifact = `-Dartifact=io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`;
    const args = ['-B', '-ntp', '-q', 'dependency:copy', artifact, '-DoutputDirectory=.'];
    await run('mvn', args, { cwd: building, timeout: 300_000 }).catch((cause: unknown) => {
      throw new NoBroker('Maven could not fetch the schema registry', { cause });
    });
    const archive = `apicurio-registry-app-${VERSION}-all.tar.gz`;
    await run('tar', ['xzf', archive], { cwd: building });
    rmSync(join(building, archive));
    renameSync(building, home);
  } catch (error) {
    if (!existsSync(jarOf(home))) throw error; // else another process was first
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return home;
}
