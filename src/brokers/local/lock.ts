import { createHash } from 'node:crypto';
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
 * nobody sees it half written, and replaced by one process only when its holder is gone. `check` is called before each commit: a lock taken by force fences its former holder.
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
      if (!(await lock.tryLink(draft, lock.path)))
        await lock.takeOver(lock.path, { draft, self, processes, force: options.force ?? false });
      return lock;
    } finally {
      await unlinkIfThere(draft);
      await syncFolder(folder);
    }
  }

  private async tryLink(draft: string, path: string): Promise<boolean> {
    try {
      await link(draft, path);
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      throw fileError('take the lock', path, error);
    }
  }

  /**
   * Replaces a stale lock. Who may do that is settled by a second file whose name is made from what the stale one says;
   * its holder looks again before it replaces. That file may be stale as well, and is taken over in the same way.
   */
  private async takeOver(path: string, by: Successor): Promise<void> {
    const found = await readOwner(path);
    if (found === undefined) {
      if (await this.tryLink(by.draft, path)) return;
      throw refused(path, 'it changes hands at this moment');
    }
    if (!by.force) await judge(path, found.owner, by);
    const claim = `${path}.${createHash('sha256').update(found.text).digest('hex').slice(0, 12)}`;
    if (!(await this.tryLink(by.draft, claim))) await this.takeOver(claim, by);
    try {
      const now = await readOwner(path);
      if (now === undefined || now.inode !== found.inode || now.text !== found.text)
        throw refused(path, 'it was taken over at this moment');
      const link = `${by.draft}.link`;
      await this.tryLink(by.draft, link);
      await onFile('take over the lock', path, () => rename(link, path));
    } finally {
      await unlinkIfThere(claim);
    }
  }

  /** Throws when the lock is no longer ours. */
  async check(): Promise<void> {
    const now = await orNull(() => stat(this.path, { bigint: true }));
    if (now?.ino !== this.inode)
      throw new BrokerError(`the lock ${this.path} was taken over: another run writes here now`, { code: 'fenced' });
  }

  async close(): Promise<void> {
    const now = await orNull(() => stat(this.path, { bigint: true }));
    if (now !== null && now.ino === this.inode) await unlinkIfThere(this.path);
    this.inode = undefined;
  }
}

interface Successor {
  readonly draft: string;
  readonly self: LockOwner;
  readonly processes: ProcessTable;
  readonly force: boolean;
}

/** Throws unless the owner is certainly gone. */
async function judge(path: string, owner: LockOwner | undefined, by: Successor): Promise<void> {
  if (owner === undefined) throw refused(path, 'it cannot be read as a lock');
  const state = await stateOf(owner, by.self, by.processes);
  const who = `process ${owner.pid} on ${owner.host}`;
  if (state === 'alive') throw refused(path, `${who} is running`);
  if (state === 'doubt') throw refused(path, `whether ${who} still runs cannot be told from here`);
}

async function readOwner(path: string) {
  try {
    await using file = await open(path, 'r');
    const { ino } = await file.stat({ bigint: true });
    const text = await file.readFile('utf8');
    return { inode: ino, text, owner: parseOwner(text) };
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
