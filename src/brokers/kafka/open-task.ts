import { type FaultPoint, type Stage, type TaskId, taskName } from '../../core/broker.ts';
import { BrokerError, StateError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { TransportObserver } from '../../core/transport.ts';
import type { Cluster } from './cluster.ts';
import { CommitBuffer, type OutgoingTopic } from './commit-buffer.ts';
import { AlternatingCommitter, type Committer, PlainCommitter, TransactionCommitter } from './committer.ts';
import { EndMark } from './end-mark.ts';
import { fence, idempotent, type ProducerIdentity } from './fencing.ts';
import type { InputEnd } from './input-end.ts';
import { InputSink, PassageSink } from './input-sink.ts';
import { Lane } from './lane.ts';
import type { Membership } from './membership.ts';
import { Offsets, type Place } from './offsets.ts';
import { PartitionReader } from './partition-reader.ts';
import { brokerError } from './protocol-errors.ts';
import type { ReplayMarks } from './replay-mark.ts';
import { Sender } from './sender.ts';
import type { KafkaSettings } from './settings.ts';
import { readState } from './state-reader.ts';
import { StateWriter } from './state-writer.ts';
import { KafkaChannel } from './task-channel.ts';
import { startOf } from './task-start.ts';
import { Trimmer } from './trimmer.ts';

export interface OpenContext {
  /** Consumer group; also the first word of transactional ids. */
  readonly group: string;
  readonly cluster: Cluster;
  readonly settings: KafkaSettings;
  readonly membership: Membership;
  readonly guarantee: 'exactly-once' | 'at-least-once';
  readonly acceptOffsets: boolean;
  readonly acceptPartitions: boolean;
  readonly topics: ReadonlyMap<string, OutgoingTopic>;
  readonly statePlace: (task: TaskId) => Promise<Place>;
  readonly inputEnd: InputEnd | undefined;
  readonly point: FaultPoint;
  readonly observer: TransportObserver;
  readonly log: Log;
  readonly marks: ReplayMarks;
}

/** A broker that is away or a coordinator that moves is waited for this long before opening fails. */
const OPEN_PATIENCE_MS = 60_000;
/** State that cannot be read for this long, after everybody else was shut out, is asked for anew. */
const STATE_PATIENCE_MS = 10_000;

/**
 * Opens a task: the group's generation is checked, every earlier owner is fenced, and the generation is checked again, since a slow
 * member may fence the rightful one; only then is anything read. When it has changed, nothing was read and it begins anew.
 */
export async function openTask(task: TaskId, stage: Stage, context: OpenContext): Promise<KafkaChannel> {
  const { membership, cluster, point } = context;
  for (;;) {
    await point('open.begin');
    const generation = await membership.generationOf(task);
    const lane = new Lane(cluster);
    try {
      const started = cluster.clock.elapsed();
      const identities = await identify(task, lane, context);
      await point('open.fenced');
      if ((await membership.generationOf(task)) !== generation) {
        await lane.close();
        continue;
      }
      const channel = await read({ task, stage, lane, identities, generation, context });
      context.observer.restored(task, (cluster.clock.elapsed() - started) / 1000);
      return channel;
    } catch (error) {
      await lane.close();
      // offset and state are read one after the other: whoever was fenced between them has seen two times
      if (error instanceof StateError && (await membership.generationOf(task)) !== generation) continue;
      throw brokerError(error, { what: `opening ${taskName(task)}` });
    }
  }
}

/** Two that take turns in transactions, else one. */
type Identities = readonly [ProducerIdentity, ProducerIdentity?];

async function identify(task: TaskId, lane: Lane, { group, settings, guarantee }: OpenContext): Promise<Identities> {
  const options = { transactionTimeoutMs: settings.transactionTimeoutMs, patienceMs: OPEN_PATIENCE_MS };
  if (guarantee === 'at-least-once') return [await idempotent(lane, task, options)];
  const name = taskName({ ...task, topology: group });
  return Promise.all([fence(lane, name, options), fence(lane, `${name}/2`, options)]);
}

interface Opening {
  readonly task: TaskId;
  readonly stage: Stage;
  readonly lane: Lane;
  readonly identities: Identities;
  /** Of the group, when this member had fenced the others. */
  readonly generation: number;
  readonly context: OpenContext;
}

async function read(opening: Opening): Promise<KafkaChannel> {
  const { task, stage, lane, identities, generation, context } = opening;
  const [{ producerId, producerEpoch }] = identities;
  const { cluster, point, observer, inputEnd } = context;
  const offsets = new Offsets(lane, OPEN_PATIENCE_MS);
  const input = (await cluster.describe([task.topic])).get(task.topic);
  if (input === undefined) throw new BrokerError(`there is no topic ${task.topic}`, { code: 'unknown-topic' });
  const [committed] = await offsets.committed(context.group, [task]);
  await point('open.offset');
  const statePlace = await context.statePlace(task);
  const log = await readState({
    lane,
    offsets,
    place: statePlace,
    patienceMs: STATE_PATIENCE_MS,
    elapsed: cluster.clock.elapsed,
    onProgress: (done, of) => observer.restoring(task, done, of),
  });
  await point('open.state');
  const found = {
    committed,
    index: log.index,
    input,
    logStart: await offsets.logStart(task),
    first: committed === undefined ? await offsets.first(task, stage.internal ? 'earliest' : stage.start) : 0,
  };
  const { guarantee, acceptOffsets, acceptPartitions } = context;
  const start = startOf(found, { stage, task, guarantee, acceptOffsets, acceptPartitions });
  const writer = new StateWriter({
    index: log.index,
    offsets: log.offsets(),
    writer: `${producerId}-${producerEpoch}`,
    input: { topic: task.topic, id: input.id, partitions: input.partitions.length },
  });
  const stateBytes = context.topics.get(statePlace.topic)?.maxBytes ?? 0;
  return new KafkaChannel({
    task,
    lane,
    start: { ...start, parts: log.parts(), partCount: log.index?.parts.length ?? 0 },
    reader: readerOf(opening, start.position, offsets),
    buffer: new CommitBuffer({
      task,
      inputPartitions: input.partitions.length,
      topics: context.topics,
      onStub: observer.stubbed,
    }),
    topics: context.topics,
    committer: committerOf(opening),
    state: { writer, ...statePlace, maxBytes: stateBytes },
    endMark: new EndMark(committed),
    trimmer: new Trimmer({
      lane,
      task,
      internal: stage.internal,
      state: statePlace,
      patienceMs: context.settings.client.requestTimeoutMs,
      observer,
    }),
    // beyond every earlier owner's, also when the group was deleted and counts from 1 again
    generation: Math.max(generation, (log.index?.generation ?? 0) + 1),
    isOver: inputEnd === undefined ? undefined : (position) => inputEnd.reached(stage, task, position),
    observer,
    elapsed: cluster.clock.elapsed,
  });
}

function readerOf({ task, stage, lane, context }: Opening, position: number, offsets: Offsets): PartitionReader {
  const { cluster, observer, inputEnd, marks } = context;
  const input = stage.inputs.find(({ topic }) => topic === task.topic);
  if (input === undefined)
    throw new BrokerError(`stage ${stage.id} does not read ${task.topic}`, { code: 'unknown-task' });
  const limit = inputEnd?.limitOf(task) ?? (() => Number.POSITIVE_INFINITY);
  return new PartitionReader({
    cluster,
    lane,
    offsets,
    place: { topic: task.topic, partition: task.partition },
    position,
    sink: stage.internal
      ? new PassageSink(task, input, limit)
      : new InputSink(task, input, limit, {
          marks,
          onRefused: (offset) => refuseMark(task, offset, context),
          readsValues: true,
        }),
    limit,
    patienceMs: OPEN_PATIENCE_MS,
    onFetched: ({ bytes, highWatermark, lastStable }) => {
      observer.fetched(task, bytes);
      observer.logEnds(task, highWatermark, lastStable);
    },
  });
}

function refuseMark(task: TaskId, offset: number, { observer, log, marks }: OpenContext): void {
  observer.markRefused(task);
  const why = marks.hasKeys
    ? 'no key of kafka.replayKey has signed it for this topology, record and partition'
    : 'there is no kafka.replayKey (or SLUICE_REPLAY_KEY) to tell';
  log.warn('replay-refused', `a record says that it comes from a replay, but ${why}: it is taken as a new one`, {
    task: taskName(task),
    offset,
  });
}

function committerOf({ lane, identities, context }: Opening): Committer {
  const { cluster, settings, point, observer, membership, group } = context;
  // the coordinator ends what takes longer: there is nothing to be patient for
  const patienceMs = settings.transactionTimeoutMs;
  const { requestTimeoutMs } = settings.client;
  const optionsOf = (identity: ProducerIdentity) => {
    const sender = new Sender({ cluster, lane, identity, requestTimeoutMs, patienceMs, onSent: observer.sent });
    return { lane, sender, group, identity, patienceMs, point };
  };
  const [one, two] = identities;
  return two === undefined
    ? new PlainCommitter(optionsOf(one), () => membership.member)
    : new AlternatingCommitter([new TransactionCommitter(optionsOf(one)), new TransactionCommitter(optionsOf(two))]);
}
