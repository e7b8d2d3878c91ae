import { plainClient } from './topics.ts';

export interface Message {
  readonly value: string | Buffer | null;
  readonly key?: string | Buffer | null;
  readonly partition?: number;
  readonly timestamp?: string;
  readonly headers?: Readonly<Record<string, string | Buffer | (string | Buffer)[]>>;
}

/** One request takes about a megabyte. */
const MESSAGES_A_REQUEST = 400;

/** Produces with the stock client, in order. */
export async function deliver(brokers: readonly string[], topic: string, messages: readonly Message[]): Promise<void> {
  const producer = plainClient(brokers).producer();
  await producer.connect();
  try {
    for (let i = 0; i < messages.length; i += MESSAGES_A_REQUEST)
      await producer.send({
        topic,
        messages: messages.slice(i, i + MESSAGES_A_REQUEST).map((message) => ({ ...message })),
      });
  } finally {
    await producer.disconnect();
  }
}
