import { type CommitInfo, type Position, type Stage, type TaskId, taskName } from '../../core/broker.ts';
import { StateError } from '../../core/errors.ts';
import type { Committed } from './commit-metadata.ts';
import type { TopicInfo } from './metadata.ts';
import type { StateIndex } from './state-format.ts';

/** What was found of a task after fencing. */
export interface Found {
  readonly committed: Committed | undefined;
  readonly index: StateIndex | undefined;
  readonly input: TopicInfo;
  readonly logStart: Position;
  /** Where a task without a committed offset begins. */
  readonly first: Position;
}

export interface StartOptions {
  readonly stage: Stage;
  readonly task: TaskId;
  /** `--accept-offsets`. */
  readonly acceptOffsets: boolean;
  /** `--reset-state` of every step: there is nothing left that keys could have moved from. */
  readonly acceptPartitions: boolean;
  readonly guarantee: 'exactly-once' | 'at-least-once';
}

export interface Start {
  readonly position: Position;
  readonly committed: CommitInfo | undefined;
}

/** Where a task goes on, or why it must not: whoever is in doubt about a state says so instead of guessing. */
export function startOf(found: Found, options: StartOptions): Start {
  const { committed, index } = found;
  if (index === undefined) return withoutState(found, options);
  const recreated = index.input.id !== found.input.id;
  if (recreated && !options.acceptOffsets) throw topicRecreated(options.task);
  if (recreated) return { position: found.first, committed: undefined };
  if (index.input.partitions !== found.input.partitions.length && options.stage.hasState && !options.acceptPartitions)
    throw partitionsChanged(options.task, index.input.partitions, found.input.partitions.length);
  if (committed === undefined) {
    if (!options.acceptOffsets) throw offsetsGone(options.task, index.position);
    return { position: Math.max(index.position, found.logStart), committed: undefined };
  }
  if (options.acceptOffsets && committed.offset < found.logStart)
    return { position: found.logStart, committed: undefined };
  return resumed(committed, index, found, options);
}

function resumed({ offset, info }: Committed, index: StateIndex, found: Found, options: StartOptions): Start {
  if (info === undefined) return { position: offset, committed: undefined }; // set by hand: the runtime refuses, or was told to accept it
  if (info.checkpoint !== index.checkpoint) {
    // without transactions a crash may fall between the offset and its checkpoint: go on from the older one, and repeat outputs
    if (options.guarantee === 'at-least-once') return { position: index.position, committed: index.info };
    throw stateDiffers(options.task, info.checkpoint, index.checkpoint);
  }
  if (options.acceptOffsets && info.checkpointAt < found.logStart) return { position: offset, committed: undefined };
  return { position: offset, committed: info };
}

function withoutState({ committed, first, logStart }: Found, options: StartOptions): Start {
  if (committed === undefined) return { position: first, committed: undefined };
  if (committed.info !== undefined && !options.acceptOffsets) throw stateLost(options.task, committed.info.checkpoint);
  return {
    position: options.acceptOffsets ? Math.max(committed.offset, logStart) : committed.offset,
    committed: undefined,
  };
}

function topicRecreated(task: TaskId): StateError {
  return new StateError(
    `${taskName(task)}: the topic ${task.topic} was deleted and made again since this state was taken: its offsets mean other records now. Give --accept-offsets to read it from its start and keep what the steps know, or give the topology another name`,
    { code: 'topic-recreated' },
  );
}

function partitionsChanged(task: TaskId, then: number, now: number): StateError {
  return new StateError(
    `${taskName(task)}: ${task.topic} had ${then} partitions when this state was taken and has ${now} now: keys have moved to other partitions and no longer meet their state. Give the topology another name, so that it begins anew, or --reset-state for every step that keeps some`,
    { code: 'partitions-changed' },
  );
}

function offsetsGone(task: TaskId, position: Position): StateError {
  return new StateError(
    `${taskName(task)}: the group has no committed offset any more, though its state was taken at ${position}: it expired (offsets.retention.minutes of the brokers) or was deleted. Give --accept-offsets to go on from there`,
    { code: 'offsets-gone' },
  );
}

function stateDiffers(task: TaskId, committed: number, found: number): StateError {
  return new StateError(
    `${taskName(task)}: the last commit names checkpoint ${committed}, and the newest one in the state topic is ${found}: one of them was changed by hand. Give --accept-offsets with an offset set by hand, or the topology another name`,
    { code: 'state-differs' },
  );
}

function stateLost(task: TaskId, checkpoint: number): StateError {
  return new StateError(
    `${taskName(task)}: the last commit names checkpoint ${checkpoint}, and the state topic holds none: it was deleted or emptied. Give --accept-offsets to go on from the committed offset without what the steps knew, or the topology another name`,
    { code: 'state-lost' },
  );
}
