import { readFileSync } from 'node:fs';
import { systemClock } from '../../../src/core/clock.ts';
import { FastProducer } from '../../support/kafka/fast-producer.ts';

export interface Filling {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly partitions: number;
}

/** As producers of Java make them when nobody says otherwise (`batch.size`). */
const BATCH_BYTES = 16 * 1024;

/** The lines of a file as records; key = id, partition as Java chooses it. */
export async function fillTopic(file: string, { brokers, topic, partitions }: Filling): Promise<void> {
  const producer = await FastProducer.connect(brokers[0]!, { topic, partitions, batchBytes: BATCH_BYTES });
  const now = systemClock.now();
  for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) producer.write(keyOf(line), line, now);
  await producer.flush();
  await producer.close();
}

export function keyOf(line: string): Buffer {
  return Buffer.from(/"id": ?"([^"]*)"/.exec(line)?.[1] ?? '');
}
