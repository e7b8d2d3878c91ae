import { expect, it } from 'vitest';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { readTopic } from '../../support/kafka/read-topic.ts';
import { stockPartition } from '../../support/kafka/stock-partition.ts';
import { KafkaJob } from './job.ts';

const PARTITIONS = 3;

await describeWithKafka('outputs on Kafka', (brokers) => {
  it('are rows of csv with declared columns alone, whichever comes first', async () => {
    const rows = (csv: string) =>
      new KafkaJob(
        brokers,
        `
input: { topic: $.raw }
steps: [{ id: all, use: filter, with: { where: 'true' } }]
output: { topic: $.out, format: csv${csv} }
`,
      );
    await expect(rows('').start()).rejects.toMatchObject({
      code: 'csv-columns',
      message: expect.stringContaining('csv: { header: [...] }'),
    });
    const job = rows(', csv: { header: [id, city] }');
    await job.create(1);
    await job.feed('raw', [{ value: '{"city":"Rome","id":1}' }, { value: '{"id":2}' }]);
    expect(await job.runToEnd()).toMatchObject({ in: 2, curated: 2 });
    expect(await job.read('out')).toEqual([['1,Rome', '2,']]);
  });

  it('leave with the key, the partition, the headers and the certificate they ask for', async () => {
    const job = new KafkaJob(
      brokers,
      `
input: { topic: $.raw }
steps: [{ id: all, use: check, with: { rules: [{ name: small, field: id, max: 20, severity: warn }] } }]
output: { topic: $.out, key: [city], headers: [tenant], certificate: full, compression: gzip }
outputs: { all: [{ topic: $.spread, partitionBy: [city], headers: none, findings: none }] }
`,
    );
    await job.create(PARTITIONS);
    const people = Array.from({ length: 30 }, (_, id) => ({
      key: `came-${id}`,
      value: JSON.stringify({ id, city: `c${id % 7}` }),
      partition: id % PARTITIONS,
      headers: { tenant: 't', trace: `x${id}`, 'sluice-certificate': 'forged' },
    }));
    await job.feed('raw', people);
    expect(await job.runToEnd()).toMatchObject({ in: 30, curated: 30 });
    const keyed = await readTopic(brokers, `${job.name}.out`);
    expect(keyed).toHaveLength(30);
    for (const { partition, key, value } of keyed) {
      const { city } = JSON.parse(String(value));
      expect([String(key), partition]).toEqual([city, stockPartition(city, PARTITIONS)]);
    }
    const spread = await readTopic(brokers, `${job.name}.spread`);
    expect(spread).toHaveLength(30);
    for (const { partition, key, value } of spread) {
      const { id, city } = JSON.parse(String(value));
      expect([String(key), partition]).toEqual([`came-${id}`, stockPartition(city, PARTITIONS)]);
    }
    const headers = await job.headers('out');
    for (const one of headers) {
      const { origin, plan, topology, passed } = JSON.parse(String(one['sluice-certificate']?.[0]));
      expect([topology, plan, origin]).toEqual([
        job.name,
        job.plan.fingerprint,
        JSON.parse(String(one['sluice-origin']?.[0])),
      ]);
      const isTold = one['sluice-findings'] !== undefined;
      expect(passed?.map(({ rule }: { rule: string }) => rule)).toEqual(isTold ? ['small'] : undefined);
      expect(Object.keys(one).filter((name) => !name.startsWith('sluice-'))).toEqual(['tenant']);
      expect(one['sluice-certificate']).toHaveLength(1);
    }
  });
});
