import { join } from 'node:path';
import { defer, type Observable } from 'rxjs';
import {
  type Assignment,
  type Broker,
  type FaultPoint,
  type OutgoingBatch,
  type Stage,
  type TaskChannel,
  type TaskId,
  type TopicReport,
  type TopicSpec,
  taskName,
} from '../../core/broker.ts';
import type { Clock } from '../../core/clock.ts';
import type { Codec } from '../../core/codec.ts';
import { BrokerError } from '../../core/errors.ts';
import type { MakeFramer } from '../../core/framer.ts';
import { type Log, silentLog } from '../../core/log.ts';
import type { DataRecord } from '../../core/record.ts';
import { LocalChannel } from './channel.ts';
import { Domain, makeHome } from './domain.ts';
import { readHead } from './files.ts';
import { FilesSource } from './files-source.ts';
import { InternalSource } from './internal-source.ts';
import { findingsFile, type LineFormat, lineFormatOf } from './lines.ts';
import { FolderLock } from './lock.ts';
import type { ReadMark, TaskEntry } from './manifest.ts';
import { PartList } from './part-list.ts';
import { BEGIN, badName, firstMark, internalFile, isFileName, type Planned, plan } from './planned.ts';
import { ReplaySource } from './replay-source.ts';
import type { TaskSource } from './task-source.ts';
import { checkTopics } from './topics.ts';

export interface LocalOptions {
  /** Folder of the outputs, and of inputs that `topics` does not name. */
  readonly dir: string;
  /** Input topic → files and folders it is read from. */
  readonly topics?: ReadonlyMap<string, readonly string[]>;
  readonly framers: MakeFramer;
  /** What an output topic is written in (csv gives `DIR/<topic>.csv` with a header); default: JSON, one value a line. */
  readonly codecOf?: (topic: string) => Codec | undefined;
  readonly clock: Clock;
  /** Wait for more instead of ending. */
  readonly follow?: boolean;
  /** Replace outputs that are not of an earlier run of this topology. */
  readonly overwrite?: boolean;
  readonly forceUnlock?: boolean;
  /** Forget positions and state, empty the outputs, read everything again. */
  readonly fromStart?: boolean;
  /** Instead of the inputs: records that were quarantined before go through the topology again. */
  readonly replay?: LocalReplay;
  readonly faultPoint?: FaultPoint;
  readonly log?: Log;
}

export interface LocalReplay {
  /** Names the replay: what of it is committed is never read twice. */
  readonly run: string;
  /** The records of each input topic, in order. */
  readonly records: ReadonlyMap<string, readonly DataRecord[]>;
  /** Most records a second; absent: as fast as it goes. */
  readonly perSecond?: number;
  /** Set when the topology has not ended: called for each topic once its records are read, instead of ending it. */
  readonly onDrained?: (topic: string) => void;
}

/** How often a task looks whether those before it are done. */
const TURN_EVERY_MS = 5;
/** Of a file that goes on, so much is read to see how it begins. */
const HEAD_BYTES = 1024 * 1024;

/**
 * Files instead of a broker (DESIGN 6, local). One process, one manifest: all tasks of a topology commit into one
 * domain, whose lock keeps a second run out. A bounded run takes its tasks one after another in the order of the
 * stages, so that two of them writing into one topic always write in the same order.
 */
export class LocalBroker implements Broker {
  readonly name = 'local';
  private readonly options: LocalOptions;
  private readonly point: FaultPoint;
  private readonly log: Log;
  private planned: Planned[] = [];
  /** Topics that are written: outputs, quarantine, events. */
  private outputs: readonly TopicSpec[] = [];
  private domain: Promise<Domain> | undefined;
  /** Tasks that read everything, committed and closed. */
  private readonly done = new Set<string>();
  /** Tasks that came to their end in this run: what the manifest says of an earlier one may be over, input is appended. */
  private readonly ended = new Set<string>();
  private readonly channels = new Set<LocalChannel>();
  private readonly owners = new Map<string, number>();

  constructor(options: LocalOptions) {
    this.options = options;
    this.point = options.faultPoint ?? (() => {});
    this.log = options.log ?? silentLog;
  }

  /** One assignment, of everything: nothing is ever revoked. */
  tasks(stages: readonly Stage[], signal: AbortSignal): Observable<Assignment> {
    return defer(async () => {
      this.planned = plan(stages);
      const assigned = this.planned.map(({ task }) => task);
      await this.begin(assigned);
      signal.throwIfAborted();
      return { generation: 1, assigned, retained: [], revoked: [], lost: [], released: () => {} };
    });
  }

  private async begin(tasks: readonly TaskId[]): Promise<void> {
    const [first] = tasks;
    if (first !== undefined) await this.domainOf(first.topology);
  }

  private domainOf(topology: string): Promise<Domain> {
    this.domain ??= this.openDomain(topology);
    return this.domain;
  }

  private async openDomain(topology: string): Promise<Domain> {
    const { dir, overwrite = false, fromStart = false, forceUnlock = false } = this.options;
    if (!isFileName(topology)) throw badName(topology);
    const home = await makeHome(dir, topology);
    await this.point('open.begin');
    const lock = await FolderLock.acquire(home, { force: forceUnlock });
    let domain: Domain | undefined;
    try {
      await this.point('open.locked');
      domain = await Domain.open({ dir, topology, overwrite, fromStart, point: this.point, log: this.log }, lock);
      await domain.claim(this.outputs.flatMap((spec) => this.filesOf(spec)));
      for (const spec of this.outputs) if (spec.role === 'output') await this.goOn(spec, domain);
      return domain;
    } catch (error) {
      await (domain ?? lock).close();
      this.domain = undefined;
      throw error;
    }
  }

  /** What was committed before stands at the beginning of the file. */
  private async goOn(spec: TopicSpec, domain: Domain): Promise<void> {
    const codec = this.options.codecOf?.(spec.topic);
    const file = this.fileOf(spec);
    const length = domain.committedLength(file);
    if (codec?.goOn !== undefined && length > 0)
      codec.goOn(await readHead(join(this.options.dir, file), Math.min(length, HEAD_BYTES)));
  }

  async open(task: TaskId): Promise<TaskChannel> {
    const name = taskName(task);
    const planned = this.planned.find((one) => taskName(one.task) === name);
    if (planned === undefined)
      throw new BrokerError(`task ${name} is none of this topology's`, { code: 'unknown-task' });
    const domain = await this.domainOf(task.topology);
    const epoch = (this.owners.get(name) ?? 0) + 1;
    this.owners.set(name, epoch);
    this.done.delete(name);
    this.ended.delete(name);
    const entry = await domain.entry(name);
    await this.point('open.entry');
    const source = await this.sourceOf(planned, domain, entry);
    let begin: ReadMark;
    try {
      begin = entry === undefined ? await firstMark(planned, source) : BEGIN;
      await this.point('open.task');
    } catch (error) {
      await source.close();
      throw error;
    }
    const index = this.planned.indexOf(planned);
    const channel = new LocalChannel({
      task: name,
      topic: task.topic,
      domain,
      source,
      entry,
      begin,
      feeds: this.planned.some(
        (later) => later.stage.internal && (later.stage.feeders ?? [task.stage]).includes(task.stage),
      ),
      onEnded: () => this.ended.add(name),
      onDone: () => this.done.add(name),
      internalFile: (topic) => internalFile(task.topology, topic),
      formatOf: (batch) => this.formatOf(batch, domain),
      turn: (untilMs, signal) => this.turn(index, { untilMs, signal }),
      fence: () => {
        if (this.owners.get(name) !== epoch)
          throw new BrokerError(`task ${name} was opened again: this channel is no longer its owner`, {
            code: 'fenced',
          });
      },
    });
    this.channels.add(channel);
    return channel;
  }

  private async sourceOf(planned: Planned, domain: Domain, entry: TaskEntry | undefined): Promise<TaskSource> {
    const { clock, follow = false, framers } = this.options;
    const { input, stage, task } = planned;
    if (stage.internal) {
      const file = internalFile(task.topology, input.topic);
      const index = this.planned.indexOf(planned);
      const progress = () => ({ length: domain.committedLength(file), complete: this.doneBefore(index) });
      return new InternalSource({ input, path: `${this.options.dir}/${file}`, clock, follow, progress });
    }
    if (this.options.replay !== undefined)
      return this.replaySource(planned, entry, domain.replayed(this.options.replay.run, taskName(task)));
    const parts = await PartList.open(this.pathsOf(input.topic), {
      marks: entry?.parts ?? [],
      at: entry?.at ?? BEGIN,
      follow,
      log: this.log,
    });
    return new FilesSource({ input, parts, makeFramer: framers, clock, follow, log: this.log });
  }

  private replaySource({ input, task }: Planned, entry: TaskEntry | undefined, done: number): ReplaySource {
    const { replay, clock } = this.options;
    if (entry === undefined || entry.checkpointAt.position !== entry.at.position)
      throw new BrokerError(
        `${taskName(task)} has not come to a clean stop here: run the topology first, then replay`,
        { code: 'replay-unclean' },
      );
    const records = replay?.records.get(input.topic) ?? [];
    const base = { run: replay?.run ?? '', records, done, at: entry.at, parts: entry.parts };
    return new ReplaySource({
      ...base,
      topic: input.topic,
      clock,
      ...(replay?.perSecond === undefined ? {} : { perSecond: replay.perSecond }),
      ...(replay?.onDrained === undefined ? {} : { onDrained: () => replay.onDrained?.(input.topic) }),
    });
  }

  private pathsOf(topic: string): readonly string[] {
    if (!isFileName(topic)) throw badName(topic);
    return this.options.topics?.get(topic) ?? [`${this.options.dir}/${topic}.ndjson`];
  }

  private doneBefore(index: number): boolean {
    for (let i = 0; i < index; i++) {
      const name = taskName(this.planned[i]!.task);
      if (!this.ended.has(name) && !this.done.has(name)) return false;
    }
    return true;
  }

  /** In a bounded run a task reads only when those before it have ended. */
  private async turn(
    index: number,
    until: { readonly untilMs: number; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const { clock, follow = false } = this.options;
    while (!follow && !this.doneBefore(index)) {
      const left = until.untilMs - clock.elapsed();
      if (left <= 0 || until.signal.aborted) return false;
      try {
        await clock.sleep(Math.min(left, TURN_EVERY_MS), until.signal);
      } catch (error) {
        if (until.signal.aborted) return false;
        throw error;
      }
    }
    return true;
  }

  private formatOf(batch: OutgoingBatch, domain: Domain): LineFormat {
    if (!isFileName(batch.topic)) throw badName(batch.topic);
    const isNew = (file: string): boolean => domain.committedLength(file) === 0;
    return { ...lineFormatOf(this.options.codecOf?.(batch.topic)), isNew };
  }

  async topics(specs: readonly TopicSpec[], mode: 'check' | 'create'): Promise<TopicReport> {
    const outputs = specs.filter(({ role }) => role === 'output' || role === 'quarantine' || role === 'events');
    for (const { topic } of specs) if (!isFileName(topic)) throw badName(topic);
    this.outputs = outputs;
    const inputs = specs
      .filter(({ role }) => role === 'input' && this.options.replay === undefined)
      .map(({ topic }) => ({ topic, paths: this.pathsOf(topic) }));
    const files = outputs.map((spec) => ({ topic: spec.topic, file: this.fileOf(spec) }));
    return checkTopics({ dir: this.options.dir, inputs, outputs: files, mode });
  }

  private filesOf(spec: TopicSpec): readonly string[] {
    return spec.role === 'output' ? [this.fileOf(spec), findingsFile(spec.topic)] : [this.fileOf(spec)];
  }

  private fileOf({ topic, role }: TopicSpec): string {
    const { extension } = lineFormatOf(role === 'output' ? this.options.codecOf?.(topic) : undefined);
    return `${topic}.${extension}`;
  }

  async close(): Promise<void> {
    for (const channel of this.channels) await channel.close();
    this.channels.clear();
    const domain = await this.domain?.catch(() => undefined); // whoever asked for it has the error
    this.domain = undefined;
    await domain?.close();
  }
}
