import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { sluice } from '../e2e/cli.ts';
import { fakeRegistry } from '../support/fake-registry.ts';
import { deliver } from '../support/kafka/deliver.ts';
import { describeWithKafka } from '../support/kafka/describe-kafka.ts';
import { createTopic, topicName } from '../support/kafka/topics.ts';
import { filesIn, linesOf } from './compare.ts';

const ID = { name: 'id', type: 'long' };
const V1 = { type: 'record', name: 'Order', fields: [ID] };
const V2 = { type: 'record', name: 'Order', fields: [ID, { name: 'email', type: 'string' }] };

/** By the specification: zigzag, seven bits a byte, lowest first. */
function long(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

function framed(schema: number, ...parts: Buffer[]): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(schema, 1);
  return Buffer.concat([head, ...parts]);
}

await describeWithKafka('an export of Avro', (brokers) => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-export-avro-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('is JSON as a topology would write it, names the schemas, and is refused without them', async () => {
    const registry = await fakeRegistry();
    try {
      const topic = topicName('avro');
      await createTopic(brokers, topic);
      const [one, two] = [registry.add(V1), registry.add(V2)];
      const big = 2n ** 60n + 1n;
      const email = Buffer.from('ü@x.y');
      await deliver(brokers, topic, [
        { value: framed(one, long(big)) },
        { value: framed(two, long(-7n), long(BigInt(email.length)), email) },
      ]);
      const env = { ...process.env, KAFKA_BROKERS: brokers.join(','), SCHEMA_REGISTRY_URL: registry.url };
      for (const out of ['a', 'b'])
        expect(await sluice(['export', topic, '--format', 'avro', '--out', join(dir, out)], { env })).toMatchObject({
          code: 0,
        });
      expect(linesOf(join(dir, 'a', 'part-00000.ndjson'))).toEqual([`{"id":"${big}"}`, '{"id":-7,"email":"ü@x.y"}']);
      expect(JSON.parse(readFileSync(join(dir, 'a', 'manifest.json'), 'utf8')).schemas).toEqual([one, two]);
      expect(filesIn(join(dir, 'b'))).toEqual(filesIn(join(dir, 'a')));
      const refused = await sluice(['export', topic, '--out', join(dir, 'c')], { env });
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('offset 0') });
      expect(refused.stderr).toContain('--format avro');
    } finally {
      await registry.close();
    }
  });
});
