import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { describe } from 'vitest';
import { freePort } from './kafka/ports.ts';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const READY_TIMEOUT_MS = 60_000;
/** PostgreSQL refuses to run as root: there it runs as `postgres`, else as nobody. */
const NOBODY = 65_534;

export interface Postgres {
  readonly url: string;
  close(): Promise<void>;
}

/** A block of tests that need PostgreSQL: without one skipped with a loud line, failed under CI=true. */
export function describeWithPostgres(name: string, fn: (start: () => Promise<Postgres>) => void): void {
  const given = process.env.DATABASE_URL;
  if (given !== undefined && given !== '') {
    describe(name, () => fn(async () => ({ url: given, close: async () => {} })));
    return;
  }
  const bin = findPrograms();
  if (bin !== undefined) {
    describe(name, () => fn(() => startPostgres(bin)));
    return;
  }
  const reason = 'PostgreSQL is not installed (Debian: apt-get install postgresql; or set DATABASE_URL)';
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`SKIPPED "${name}": ${reason}`);
  describe.skip(name, () => fn(() => Promise.reject(new Error(reason))));
}

/** Folder of `initdb` and `postgres`; in CI they are installed from Debian's package when missing. */
function findPrograms(): string | undefined {
  const found = programs();
  if (found !== undefined || process.env.CI !== 'true') return found;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore', env });
  spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'postgresql'], { stdio: 'ignore', env });
  return programs();
}

function programs(): string | undefined {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(DEBIAN_FOLDER, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** An empty server of its own, on loopback and a free port, in a temporary folder that goes with it. */
async function startPostgres(bin: string): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-postgres-'));
  const owner = unprivileged();
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid ?? NOBODY);
  const options = { cwd: folder, env: { ...process.env, HOME: folder }, ...owner };
  const data = join(folder, 'data');
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'sluice', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    options,
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const settings = ['fsync=off', 'unix_socket_directories=', 'max_connections=50', 'autovacuum=off'];
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-h', '127.0.0.1', '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { ...options, stdio: 'ignore' },
  );
  const url = `postgres://sluice@127.0.0.1:${port}/postgres`;
  const close = async () => {
    await ended(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ready(url, server);
  } catch (error) {
    await close();
    throw error;
  }
  return { url, close };
}

function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout || NOBODY);
  return { uid: idOf('-u'), gid: idOf('-g') };
}

async function ready(url: string, server: ChildProcess): Promise<void> {
  const until = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => {}); // it never was connected
      if (performance.now() > until || server.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Asks for an immediate stop; the data goes anyway. */
function ended(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (server.exitCode !== null || server.signalCode !== null) resolve();
    else {
      server.on('exit', () => resolve());
      server.kill('SIGQUIT');
    }
  });
}
