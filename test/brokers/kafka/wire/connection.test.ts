import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  fetchRecords,
  produce,
  RecordReader,
  replaceRequestQueueTimer,
} from '../../../../src/brokers/kafka/wire/index.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { describeWithCluster } from '../../../support/kafka/describe-kafka.ts';
import { readTopic } from '../../../support/kafka/read-topic.ts';
import { createTopic, topicName, until } from '../../../support/kafka/topics.ts';
import { connectNode, type TestNode } from '../../../support/kafka/wire-node.ts';
import { readSome, type WireRecord, writeAll } from './records.ts';

const REQUEST_TIMEOUT_MS = 1500;

await describeWithCluster('a connection that fails', { proxied: true }, (cluster) => {
  let topic: string;
  let node: TestNode;

  beforeEach(async () => {
    replaceRequestQueueTimer(systemClock);
    topic = topicName('wire');
    await createTopic(cluster().brokers, topic);
    node = await connectNode(cluster().proxiedBrokers[0]!, REQUEST_TIMEOUT_MS);
  });
  afterEach(async () => {
    proxy().heal();
    proxy().cut();
    await node.disconnect();
  });

  const proxy = () => cluster().proxies[0]!;
  const batchOf = (
    value: string,
    producer?: { id: number; epoch: number; transactional: boolean },
    sequence?: number,
  ) => writeAll([{ timestamp: 1, key: null, value: Buffer.from(value), headers: [] }])[0]!.seal(producer, sequence);
  const send = (batch: Buffer) =>
    produce(node, [{ topic, partition: 0, batch }], { transactionalId: null, acks: -1, timeoutMs: REQUEST_TIMEOUT_MS });
  const values = async () => (await readTopic(cluster().brokers, topic)).map(({ value }) => String(value));

  it('cut before the request: it rejects, nothing was written, and the next one opens a new connection', async () => {
    proxy().cutBefore = (chunk) => chunk.includes('first');
    await expect(send(batchOf('first'))).rejects.toThrow(/connection/i);
    proxy().heal();
    await send(batchOf('second'));
    expect(await values()).toEqual(['second']);
  });

  it('cut before the answer: the outcome is unknown, and sending again under the same sequence writes nothing twice', async () => {
    const { producerId, producerEpoch } = await node.initProducerId({
      transactionalId: null,
      transactionTimeout: 30_000,
    });
    const producer = { id: Number(producerId), epoch: producerEpoch, transactional: false };
    await send(batchOf('zero', producer, 0));
    let cuts = 0;
    proxy().cutAnswer = () => ++cuts === 1;
    await expect(send(batchOf('one', producer, 1))).rejects.toThrow(/connection/i);
    expect(await values()).toEqual(['zero', 'one']);
    proxy().heal();
    await send(batchOf('one', producer, 1));
    await send(batchOf('two', producer, 2));
    expect(await values()).toEqual(['zero', 'one', 'two']);
  });

  it('half open: a request ends by its time-out instead of waiting for ever', async () => {
    await send(batchOf('before'));
    proxy().halfOpen();
    await expect(send(batchOf('lost'))).rejects.toThrow(/timed out/);
  });

  it('silent: a fetch ends by its own time-out, later than what it asked the broker to wait', async () => {
    proxy().muteBroker = true;
    const limits = { maxWaitMs: 100, minBytes: 1, maxBytes: 1000, isolation: 'read_committed' } as const;
    const fetching = fetchRecords(node, [{ topic, partition: 0, offset: 0, maxBytes: 1000 }], limits);
    await expect(fetching).rejects.toThrow(/timed out/);
  });

  it('slow: nothing is lost or out of order over a connection with latency, and an answer in pieces is joined', async () => {
    proxy().latencyMs = 20;
    for (let i = 0; i < 5; i++) await send(batchOf(`${i}`.repeat(100_000)));
    const records: WireRecord[] = [];
    for (let from = 0; from < 5; ) {
      const limits = { maxWaitMs: 100, minBytes: 1, maxBytes: 1_000_000, isolation: 'read_committed' } as const;
      const [fetched] = await fetchRecords(node, [{ topic, partition: 0, offset: from, maxBytes: 1_000_000 }], limits);
      const reader = new RecordReader(fetched!.records, { where: topic, from });
      readSome(reader, records);
      from = reader.next;
    }
    expect(records.map(({ value }) => value?.toString('latin1', 99_999))).toEqual(['0', '1', '2', '3', '4']);
  });

  it('closed late by the other side: what waits is rejected when the close arrives, and the next request connects anew', async () => {
    await send(batchOf('before'));
    proxy().closeDelayMs = 100;
    proxy().muteBroker = true;
    const waiting = expect(send(batchOf('unanswered'))).rejects.toThrow(/connection|timed out/i);
    proxy().closeBroker();
    await waiting;
    proxy().heal();
    await send(batchOf('after'));
    expect((await values()).at(-1)).toBe('after');
  });

  it('a broker that is killed and comes back is used again through the same node', async () => {
    await send(batchOf('before'));
    const [broker] = cluster().nodes;
    await broker!.kill();
    await expect(send(batchOf('lost'))).rejects.toThrow(/connect|timed out/i);
    await broker!.start();
    await until('a leader', () => send(batchOf('after')).then(() => true)); // for a moment it leads nothing
    expect(await values()).toEqual(['before', 'after']);
  });
});
