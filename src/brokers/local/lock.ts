import { link, open, readFile, readlink, rename, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { BrokerError } from '../../core/errors.ts';
import { fileError, isMissing, isTaken, onFile, syncFolder, unlinkIfThere } from './files.ts';

/** Who holds a lock. `null`: this system does not tell. */
export interface LockOwner {
  readonly bootId: string | null;
  readonly pid: number;
  /** Start of the process in clock ticks since boot: a reused pid has another one. */
  readonly started: string | null;
  readonly host: string;
  /** Process ids are only comparable within one namespace. */
  readonly pidNamespace: string | null;
}

/** What the system says about processes; a test answers for it. */
export interface ProcessTable {
  self(): Promise<LockOwner>;
  /** Start of a living process; `undefined` when there is none, `null` when it lives and the start is unknown. */
  startOf(pid: number): Promise<string | null | undefined>;
}

export const systemProcesses: ProcessTable = {
  async self() {
    return {
      bootId: await orNull(async () => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()),
      pid: process.pid,
      started: (await this.startOf(process.pid)) ?? null,
      host: hostname(),
      pidNamespace: await orNull(() => readlink('/proc/self/ns/pid')),
    };
  },
  async startOf(pid) {
    const line = await orNull(() => readFile(`/proc/${pid}/stat`, 'latin1'));
    // field 22 of proc(5) stat; the command in parentheses may hold anything, so count from its end
    const fields = line?.slice(line.lastIndexOf(')') + 2).split(' ');
    if (fields !== undefined) return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] ?? null);
    try {
      process.kill(pid, 0);
      return null;
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'ESRCH' ? undefined : null;
    }
  },
};

async function orNull<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch {
    return null; // not Linux, or not readable: the caller treats it as doubt
  }
}

/** `gone` only when that is certain. */
async function stateOf(
  owner: LockOwner,
  self: LockOwner,
  processes: ProcessTable,
): Promise<'gone' | 'alive' | 'doubt'> {
  if (owner.host !== self.host) return 'doubt';
  if (owner.bootId !== self.bootId) return owner.bootId !== null && self.bootId !== null ? 'gone' : 'doubt';
  if (owner.pidNamespace !== self.pidNamespace) return 'doubt';
  const started = await processes.startOf(owner.pid);
  if (started === undefined) return 'gone';
  if (started === null || owner.started === null) return 'doubt';
  return started === owner.started ? 'alive' : 'gone';
}

/**
 * One writer a folder: a file that names boot, process and its start. It is put in place with its content by `link`, so
 * nobody sees it half written. A lock whose process is gone is moved aside, never merely deleted: only one of two that
 * find it stale can move it. `check` is called before each commit: a lock taken by force fences its former holder.
 */
export class FolderLock {
  private readonly path: string;
  private inode: bigint | undefined;

  private constructor(path: string) {
    this.path = path;
  }

  static async acquire(
    folder: string,
    options: { readonly force?: boolean; readonly processes?: ProcessTable } = {},
  ): Promise<FolderLock> {
    const processes = options.processes ?? systemProcesses;
    const self = await processes.self();
    const lock = new FolderLock(`${folder}/lock`);
    const draft = `${folder}/lock.${self.pid}.${process.hrtime.bigint()}`;
    await onFile('write the lock', draft, async () => {
      await using file = await open(draft, 'wx');
      await file.writeFile(JSON.stringify(self));
      lock.inode = (await file.stat({ bigint: true })).ino;
    });
    try {
      for (let attempt = 0; attempt < 8; attempt++) {
        if (await lock.tryLink(draft)) return lock;
        await lock.clearStale(self, processes, options.force ?? false);
      }
    } finally {
      await unlinkIfThere(draft);
      await syncFolder(folder);
    }
    throw refused(lock.path, 'it changes hands all the time');
  }

  private async tryLink(draft: string): Promise<boolean> {
    try {
      await link(draft, this.path);
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      throw fileError('take the lock', this.path, error);
    }
  }

  private async clearStale(self: LockOwner, processes: ProcessTable, force: boolean): Promise<void> {
    const found = await readOwner(this.path);
    if (found === undefined) return;
    if (!force) {
      if (found.owner === undefined) throw refused(this.path, 'it cannot be read as a lock');
      const state = await stateOf(found.owner, self, processes);
      const who = `process ${found.owner.pid} on ${found.owner.host}`;
      if (state === 'alive') throw refused(this.path, `${who} is running`);
      if (state === 'doubt') throw refused(this.path, `whether ${who} still runs cannot be told from here`);
    }
    const aside = `${this.path}.stale.${self.pid}`;
    try {
      await rename(this.path, aside);
    } catch (error) {
      if (isMissing(error)) return;
      throw fileError('take over the lock', this.path, error);
    }
    const moved = await readOwner(aside);
    if (moved !== undefined && moved.inode !== found.inode) await link(aside, this.path); // somebody was faster: give it back
    await unlinkIfThere(aside);
  }

  /** Throws when the lock is no longer ours. */
  async check(): Promise<void> {
    const now = await orNull(() => stat(this.path, { bigint: true }));
    if (now?.ino !== this.inode)
      throw new BrokerError(`the lock ${this.path} was taken over: another run writes here now`, { code: 'fenced' });
  }

  async release(): Promise<void> {
    const now = await orNull(() => stat(this.path, { bigint: true }));
    if (now !== null && now.ino === this.inode) await unlinkIfThere(this.path);
    this.inode = undefined;
  }
}

async function readOwner(path: string): Promise<{ inode: bigint; owner: LockOwner | undefined } | undefined> {
  try {
    await using file = await open(path, 'r');
    const { ino } = await file.stat({ bigint: true });
    return { inode: ino, owner: parseOwner(await file.readFile('utf8')) };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileError('read the lock', path, error);
  }
}

function parseOwner(text: string): LockOwner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== 'object') return undefined;
  const fields = new Map(Object.entries(value));
  const pid: unknown = fields.get('pid');
  const host: unknown = fields.get('host');
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0 || typeof host !== 'string') return undefined;
  const textOf = (name: string): string | null => {
    const field: unknown = fields.get(name);
    return typeof field === 'string' ? field : null;
  };
  return { pid, host, bootId: textOf('bootId'), started: textOf('started'), pidNamespace: textOf('pidNamespace') };
}

function refused(path: string, why: string): BrokerError {
  return new BrokerError(
    `another run holds ${path}: ${why}. Wait for it, or, when you are certain that it is gone, pass --force-unlock`,
    { code: 'locked' },
  );
}
