import { mkdir } from 'node:fs/promises';
import type { CommitInfo, FaultPoint } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { CheckpointDelta } from '../../core/state.ts';
import { onFile, syncFolder, unlinkIfThere } from './files.ts';
import type { FolderLock } from './lock.ts';
import {
  emptyManifest,
  type Manifest,
  type PartMark,
  type ReadMark,
  type ReplayMark,
  readManifest,
  writeManifest,
} from './manifest.ts';
import { type Append, OutputFiles } from './outputs.ts';
import { StateFiles } from './state-files.ts';

export interface DomainOptions {
  /** Where outputs go; the domain's own files are in `<dir>/.sluice/<topology>`. */
  readonly dir: string;
  readonly topology: string;
  readonly overwrite: boolean;
  readonly fromStart: boolean;
  readonly point: FaultPoint;
  readonly log: Log;
}

/** One task's share of a commit. */
export interface DomainCommit {
  readonly task: string;
  readonly appends: readonly Append[];
  readonly info: CommitInfo;
  readonly at: ReadMark;
  readonly parts: readonly PartMark[];
  readonly ended: boolean;
  /** Throws when the task has another owner by now. */
  readonly fence: () => void;
  readonly checkpoint?: CheckpointDelta;
}

/**
 * One commit domain: all tasks of a run over one manifest. The order is state → fsync → outputs → fsync → manifest.tmp
 * → fsync → rename → fsync folder → unlink; the rename is the commit. After a failure nothing is assumed: the next use
 * reads the manifest again and cuts the outputs to it.
 */
export class Domain {
  readonly home: string;
  private readonly options: DomainOptions;
  private readonly lock: FolderLock;
  private readonly outputs: OutputFiles;
  private readonly state: StateFiles;
  private manifest: Manifest;
  private doubtful = false;
  private tail: Promise<unknown> = Promise.resolve();

  private constructor(options: DomainOptions, lock: FolderLock) {
    this.options = options;
    this.lock = lock;
    this.home = `${options.dir}/.sluice/${options.topology}`;
    this.outputs = new OutputFiles(options.dir);
    this.state = new StateFiles(`${this.home}/state`);
    this.manifest = emptyManifest(options.topology);
  }

  /** `lock` is held on the domain's folder, which exists. */
  static async open(options: DomainOptions, lock: FolderLock): Promise<Domain> {
    const domain = new Domain(options, lock);
    try {
      await domain.prepare();
    } catch (error) {
      await domain.outputs.close();
      throw error;
    }
    return domain;
  }

  private async prepare(): Promise<void> {
    const { topology, fromStart, overwrite } = this.options;
    await onFile('make the folder', this.home, () => mkdir(`${this.home}/state`, { recursive: true }));
    const found = await this.firstManifest();
    if (found === undefined || fromStart) await this.startOver(found ?? emptyManifest(topology));
    try {
      await this.reload();
    } catch (error) {
      if (!(error instanceof BrokerError && error.code === 'output-shorter' && overwrite)) throw error;
      await this.startOver(this.manifest);
      await this.reload();
    }
  }

  private async firstManifest(): Promise<Manifest | undefined> {
    try {
      return await readManifest(`${this.home}/manifest`);
    } catch (error) {
      if (!this.options.fromStart) throw error;
      this.options.log.warn('manifest-dropped', 'the damaged manifest is dropped because of --from-start');
      return undefined;
    }
  }

  /** A manifest that owns the same outputs, all empty: the next `reload` cuts them. */
  private async startOver(before: Manifest): Promise<void> {
    const outputs = Object.fromEntries(Object.keys(before.outputs).map((file) => [file, 0]));
    const fresh: Manifest = { ...emptyManifest(this.options.topology), sequence: before.sequence + 1, outputs };
    await this.options.point('open.fresh');
    await writeManifest(this.home, fresh, this.options.point);
    this.manifest = fresh;
  }

  /** Believes nothing but the disk. */
  private async reload(): Promise<void> {
    const { point } = this.options;
    await this.outputs.close();
    const found = await readManifest(`${this.home}/manifest`);
    if (found === undefined) throw new BrokerError(`manifest ${this.home}/manifest is gone`, { code: 'manifest-gone' });
    this.manifest = found;
    await point('open.manifest');
    await this.outputs.cut(found.outputs, point);
    await point('open.outputs');
    await unlinkIfThere(`${this.home}/manifest.tmp`);
    await this.state.sweep(Object.values(found.tasks).flatMap((task) => task.state));
    await point('open.swept');
    this.doubtful = false;
  }

  /** One user at a time, in the order of asking; a failure puts what is in memory in doubt. */
  private exclusive<T>(action: () => Promise<T>): Promise<T> {
    const run = this.tail.then(async () => {
      await this.lock.check();
      if (this.doubtful) await this.reload();
      this.doubtful = true;
      const result = await action();
      this.doubtful = false;
      return result;
    });
    this.tail = run.catch(() => {}); // the caller has the error; the next user only waits
    return run;
  }

  /** The durable state of a task. */
  entry(task: string): Promise<Manifest['tasks'][string] | undefined> {
    return this.exclusive(async () =>
      Object.hasOwn(this.manifest.tasks, task) ? this.manifest.tasks[task] : undefined,
    );
  }

  /** Bytes of an output that are committed. */
  committedLength(file: string): number {
    return Object.hasOwn(this.manifest.outputs, file) ? (this.manifest.outputs[file] ?? 0) : 0;
  }

  readState(task: string) {
    const refs = Object.hasOwn(this.manifest.tasks, task) ? (this.manifest.tasks[task]?.state ?? []) : [];
    return { parts: this.state.read(refs, this.options.point), partCount: refs.length };
  }

  /** Makes files ours before the first byte is written to them, so that a crash in between leaves nothing unexplained. */
  claim(files: readonly string[]): Promise<void> {
    return this.exclusive(() => this.claimNew(files));
  }

  private async claimNew(files: readonly string[]): Promise<void> {
    const fresh = files.filter((file) => !Object.hasOwn(this.manifest.outputs, file));
    if (fresh.length === 0) return;
    let foreign = false;
    for (const file of fresh) {
      if (((await this.outputs.sizeOf(file)) ?? 0) === 0) continue;
      foreign = true;
      if (!this.options.overwrite)
        throw new BrokerError(
          `output ${this.options.dir}/${file} exists and is not from a run of ${this.options.topology} in this folder. Move it away, choose another folder, or replace it with --overwrite`,
          { code: 'output-exists' },
        );
    }
    const outputs = { ...this.manifest.outputs, ...Object.fromEntries(fresh.map((file) => [file, 0])) };
    await this.put({ ...this.manifest, sequence: this.manifest.sequence + 1, outputs });
    if (foreign) await this.outputs.cut(Object.fromEntries(fresh.map((file) => [file, 0])), this.options.point);
  }

  private async put(manifest: Manifest): Promise<void> {
    await writeManifest(this.home, manifest, this.options.point);
    this.manifest = manifest;
  }

  commit(request: DomainCommit): Promise<void> {
    return this.exclusive(async () => {
      const { point } = this.options;
      request.fence();
      await point('commit.begin');
      await this.claimNew(request.appends.map((append) => append.file));
      const before = Object.hasOwn(this.manifest.tasks, request.task) ? this.manifest.tasks[request.task] : undefined;
      const sequence = this.manifest.sequence + 1;
      const live = before?.state ?? [];
      const state =
        request.checkpoint === undefined
          ? live
          : await this.state.write(`${sequence}.state`, live, request.checkpoint, point);
      const outputs = await this.outputs.append(request.appends, this.manifest.outputs, point);
      const { replay, ...at } = request.at;
      const entry = {
        info: request.info,
        at,
        checkpointAt: request.checkpoint === undefined ? (before?.checkpointAt ?? at) : at,
        parts: request.parts,
        state,
        ended: request.ended,
      };
      await this.lock.check();
      const tasks = { ...this.manifest.tasks, [request.task]: entry };
      const replays = replay === undefined ? this.manifest.replays : this.replaysWith(request.task, replay);
      await this.put({ ...this.manifest, sequence, outputs, tasks, ...(replays === undefined ? {} : { replays }) });
      const used = new Set(state.map((ref) => ref.file));
      for (const file of new Set(live.map((ref) => ref.file)))
        if (!used.has(file)) await unlinkIfThere(`${this.home}/state/${file}`);
      await point('commit.done');
    });
  }

  private replaysWith(task: string, { run, done }: ReplayMark): NonNullable<Manifest['replays']> {
    return { ...this.manifest.replays, [run]: { ...this.manifest.replays?.[run], [task]: done } };
  }

  /** Records of a replay that a task has committed. */
  replayed(run: string, task: string): number {
    return this.manifest.replays?.[run]?.[task] ?? 0;
  }

  async close(): Promise<void> {
    await this.tail;
    await this.outputs.close();
    await this.lock.close();
  }
}

/** The folder a domain lives in, made durable. */
export async function makeHome(dir: string, topology: string): Promise<string> {
  const home = `${dir}/.sluice/${topology}`;
  await onFile('make the folder', home, () => mkdir(`${home}/topics`, { recursive: true }));
  await syncFolder(home);
  await syncFolder(`${dir}/.sluice`);
  await syncFolder(dir);
  return home;
}
