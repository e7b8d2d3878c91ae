import { connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { describeWithCluster, describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { TcpProxy } from '../../support/kafka/proxy.ts';
import { readTopic } from '../../support/kafka/read-topic.ts';
import { secured } from '../../support/kafka/secured.ts';
import { createTopic, plainClient, topicName } from '../../support/kafka/topics.ts';

await describeWithKafka('the shared broker', (brokers) => {
  it('takes records that the independent reader gives back, keys and values to the byte', async () => {
    const topic = topicName();
    await createTopic(brokers, topic, { partitions: 2 });
    const producer = plainClient(brokers).producer();
    await producer.connect();
    const value = Buffer.from([0, 10, 13, 32, 255, 10]);
    const messages = [
      { partition: 1, key: 'a\n', value, timestamp: '1700000000000' },
      { partition: 1, key: null, value: '', timestamp: '1700000000001' },
      { partition: 1, key: '', value: null, timestamp: '1700000000002' },
    ];
    await producer.send({ topic, messages });
    await producer.disconnect();
    expect(await readTopic(brokers, topic)).toEqual([
      { partition: 1, offset: 0, timestamp: 1700000000000, key: Buffer.from('a\n'), value },
      { partition: 1, offset: 1, timestamp: 1700000000001, key: null, value: Buffer.alloc(0) },
      { partition: 1, offset: 2, timestamp: 1700000000002, key: Buffer.alloc(0), value: null },
    ]);
  });

  it('shows the reader no record of an aborted transaction', async () => {
    const topic = topicName();
    await createTopic(brokers, topic);
    const producer = plainClient(brokers).producer({
      transactionalId: topic,
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    for (const [value, ends] of [
      ['kept', 'commit'],
      ['gone', 'abort'],
      ['kept too', 'commit'],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value }] });
      await transaction[ends]();
    }
    await producer.disconnect();
    expect((await readTopic(brokers, topic)).map((record) => String(record.value))).toEqual(['kept', 'kept too']);
    const all = await readTopic(brokers, topic, { isolation: 'read_uncommitted' });
    expect(all.map((record) => String(record.value))).toEqual(['kept', 'gone', 'kept too']);
  });
});

await describeWithCluster('a cluster of its own', { proxied: true, secure: true }, (cluster) => {
  it('keeps its records through kill -9 and restart', async () => {
    const { brokers, nodes } = cluster();
    const topic = topicName();
    await createTopic(brokers, topic);
    const producer = plainClient(brokers).producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'before' }] });
    await nodes[0]!.kill();
    await nodes[0]!.start();
    await producer.send({ topic, messages: [{ value: 'after' }] });
    await producer.disconnect();
    expect((await readTopic(brokers, topic)).map((record) => String(record.value))).toEqual(['before', 'after']);
  });

  it('is reached through its proxy by the address it advertises', async () => {
    const { proxiedBrokers, proxies } = cluster();
    const admin = plainClient(proxiedBrokers).admin();
    await admin.connect();
    const described = await admin.describeCluster();
    expect(described.brokers.map((broker) => `${broker.host}:${broker.port}`)).toEqual(proxiedBrokers);
    expect(proxies[0]!.connections).toBeGreaterThan(0);
    await admin.disconnect();
  });

  it('lets a SCRAM user in through TLS, and nobody else', async () => {
    const { secureBrokers, security } = cluster();
    const right = secured(secureBrokers, security!, security!.password).admin();
    await right.connect();
    expect((await right.describeCluster()).brokers).toHaveLength(1);
    await right.disconnect();
    await expect(secured(secureBrokers, security!, 'guess').admin().connect()).rejects.toThrow(/auth/i);
  });
});

it('a proxy resets, swallows and refuses as told', async () => {
  const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const address = echo.address();
  const proxy = await TcpProxy.listen(typeof address === 'object' && address !== null ? address.port : 0);
  const open = () => connect(proxy.port, '127.0.0.1').on('error', () => {});
  const heard = (socket: ReturnType<typeof open>) =>
    new Promise<string>((r) => socket.once('data', (b) => r(String(b))));
  const closed = (socket: ReturnType<typeof open>) =>
    new Promise<string>((r) => socket.once('close', () => r('closed')));

  const first = open();
  first.write('one');
  expect(await heard(first)).toBe('one');
  proxy.cut();
  expect(await closed(first)).toBe('closed');

  proxy.cutAnswer = (chunk) => chunk.includes('secret');
  const second = open();
  second.write('fine');
  expect(await heard(second)).toBe('fine');
  second.write('secret');
  expect(await closed(second)).toBe('closed');

  proxy.heal();
  proxy.muteBroker = true;
  const third = open();
  third.write('into the void');
  third.once('data', () => expect.unreachable('a muted answer arrived'));
  const fourth = open();
  fourth.end();
  expect(await closed(fourth)).toBe('closed'); // a round trip later than the muted answer
  third.removeAllListeners('data');
  third.destroy();

  proxy.refuse = true;
  expect(await closed(open())).toBe('closed');
  proxy.close();
  echo.close();
});
