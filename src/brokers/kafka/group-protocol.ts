import type { MemberClaim, MemberTasks, StageTopic, TaskKey } from './assigner.ts';
import { withLength } from './wire/index.ts';

/**
 * What members say to each other travels as the user data of Kafka's own consumer protocol, so that the tools that come
 * with Kafka show members, topics and partitions.
 *
 *     subscription: version(2) topics[]: string           user data(4 + n)
 *     assignment:   version(2) topics[]: string parts[]   user data(4 + n)
 */
export const PROTOCOL_TYPE = 'consumer';
export const PROTOCOL_NAME = 'sluice-sticky';
const VERSION = 1;

type Owned = readonly (readonly [stage: string, topic: string, partitions: readonly number[]])[];

export function encodeClaim(claim: Omit<MemberClaim, 'memberId'>): Buffer {
  const topics = [...new Set(claim.reads.map(({ topic }) => topic))];
  const data = {
    v: VERSION,
    plan: claim.fingerprint,
    reads: claim.reads.map(({ stage, topic }) => [stage, topic]),
    generation: claim.generation,
    owned: grouped(claim.owned),
  };
  return Buffer.concat([int16(0), int32(topics.length), ...topics.map(text), userData(data)]);
}

/** Undefined for a member that is none of ours: it gets nothing. */
export function decodeClaim(memberId: string, bytes: Buffer): MemberClaim | undefined {
  const cursor = { at: 2 };
  for (let left = readInt32(bytes, cursor); left > 0; left--) skipText(bytes, cursor);
  const data = readUserData(bytes, cursor) as
    | { v: number; plan: string; reads: [string, string][]; generation: number; owned: Owned }
    | undefined; // as encodeClaim wrote it
  if (data?.v !== VERSION) return undefined;
  return {
    memberId,
    fingerprint: data.plan,
    reads: data.reads.map(([stage, topic]): StageTopic => ({ stage, topic })),
    generation: data.generation,
    owned: ungrouped(data.owned),
  };
}

export function encodeTasks({ tasks, conflict }: MemberTasks): Buffer {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of tasks) byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition]);
  const topics = [...byTopic].flatMap(([topic, partitions]) => [
    text(topic),
    int32(partitions.length),
    ...partitions.map(int32),
  ]);
  const data = { v: VERSION, tasks: grouped(tasks), ...(conflict === undefined ? {} : { conflict }) };
  return Buffer.concat([int16(0), int32(byTopic.size), ...topics, userData(data)]);
}

export function decodeTasks(bytes: Buffer): MemberTasks {
  if (bytes.length === 0) return { tasks: [] };
  const cursor = { at: 2 };
  for (let left = readInt32(bytes, cursor); left > 0; left--) {
    skipText(bytes, cursor);
    const count = readInt32(bytes, cursor); // it moves the cursor itself
    cursor.at += 4 * count;
  }
  const data = readUserData(bytes, cursor) as { v: number; tasks: Owned; conflict?: string } | undefined; // as encodeTasks wrote it
  if (data?.v !== VERSION) return { tasks: [] };
  return {
    tasks: ungrouped(data.tasks),
    ...(data.conflict === undefined ? {} : { conflict: data.conflict }),
  };
}

function grouped(tasks: readonly TaskKey[]): Owned {
  const groups = new Map<string, [string, string, number[]]>();
  for (const { stage, topic, partition } of tasks) {
    const key = `${stage}/${topic}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [stage, topic, [partition]]);
    else group[2].push(partition);
  }
  return [...groups.values()];
}

function ungrouped(owned: Owned): TaskKey[] {
  return owned.flatMap(([stage, topic, partitions]) => partitions.map((partition) => ({ stage, topic, partition })));
}

function userData(data: unknown): Buffer {
  return withLength(Buffer.from(JSON.stringify(data)));
}

function readUserData(bytes: Buffer, cursor: { at: number }): unknown {
  const length = readInt32(bytes, cursor);
  if (length <= 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8', cursor.at, cursor.at + length));
  } catch {
    return undefined; // another kind of client took part in the group
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}

function skipText(bytes: Buffer, cursor: { at: number }): void {
  cursor.at += 2 + bytes.readInt16BE(cursor.at);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function readInt32(bytes: Buffer, cursor: { at: number }): number {
  cursor.at += 4;
  return bytes.readInt32BE(cursor.at - 4);
}
