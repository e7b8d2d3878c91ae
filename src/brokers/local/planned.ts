import type { Stage, StageInput, TaskId } from '../../core/broker.ts';
import { ConfigError } from '../../core/errors.ts';
import type { ReadMark } from './manifest.ts';
import type { TaskSource } from './task-source.ts';

export const BEGIN: ReadMark = { position: 0, part: 0, offset: 0 };
const FILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}$/;

/** Topics become file names: nothing that could lead out of the folder. */
export function isFileName(name: string): boolean {
  return FILE_NAME.test(name);
}

export interface Planned {
  readonly task: TaskId;
  readonly stage: Stage;
  readonly input: StageInput;
}

/** One task an input, in the fixed order of a bounded run. */
export function plan(stages: readonly Stage[]): Planned[] {
  return stages.flatMap((stage) =>
    stage.inputs.map((input) => ({
      stage,
      input,
      task: { topology: stage.topology, stage: stage.id, topic: input.topic, partition: 0 },
    })),
  );
}

export function internalFile(topology: string, topic: string): string {
  return `.sluice/${topology}/topics/${topic}`;
}

/** Where a task without a past begins. Skipped records are read, so that later ones keep their numbers. */
export async function firstMark({ stage, input }: Planned, source: TaskSource): Promise<ReadMark> {
  if (stage.internal || stage.start === 'earliest') return BEGIN;
  let wanted = Number.POSITIVE_INFINITY;
  if (stage.start !== 'latest') {
    const given =
      'offsets' in stage.start && Object.hasOwn(stage.start.offsets, '0') ? stage.start.offsets['0'] : undefined;
    if (given === undefined)
      throw new ConfigError(
        `input ${input.topic}: files have one partition, 0, and no times to start from. Use start: earliest, latest or { offsets: { 0: n } }`,
        { code: 'start-unsupported' },
      );
    wanted = given;
  }
  const never = new AbortController().signal;
  for (let mark = BEGIN; ; mark = source.mark()) {
    if (mark.position >= wanted) return mark;
    const records = Math.min(10_000, wanted - mark.position);
    const batch = await source.poll({ records, bytes: 16 * 1024 * 1024, untilMs: 0 }, never);
    if (batch.next === mark.position) return source.mark();
  }
}

export function badName(name: string): ConfigError {
  return new ConfigError(`'${name}' cannot be a file name: use letters, digits, dots, dashes and underscores`, {
    code: 'bad-name',
  });
}
