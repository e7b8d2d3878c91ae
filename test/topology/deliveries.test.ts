import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import avro from 'avsc';
import { expect, test } from 'vitest';
import { load, planOf } from '../../src/cli/load.ts';
import { TopologyDriver } from '../../src/testing/topology-driver.ts';
import { fakeRegistry } from '../support/fake-registry.ts';

type Schema = Parameters<typeof avro.Type.forSchema>[0];
const folder = join(import.meta.dirname, '..', '..', 'topologies');
const CURRENT = JSON.parse(readFileSync(join(folder, 'schemas', 'delivery.avsc'), 'utf8'));

test('the gallery topology reads versions of a schema, and writes one that it registered', async () => {
  const registry = await fakeRegistry();
  try {
    // the first version had neither a courier nor the state LOST, and counted orders in 32 bits
    const first = structuredClone(CURRENT);
    first.fields = first.fields.filter((field: { name: string }) => field.name !== 'courier');
    first.fields[1].type = 'int';
    first.fields[5].type.symbols = ['UNKNOWN', 'UNDERWAY', 'DELIVERED'];
    const written = (schema: object, value: object) => {
      const header = Buffer.alloc(5);
      header.writeUInt32BE(registry.add(schema), 1);
      return Buffer.concat([header, avro.Type.forSchema(structuredClone(schema) as Schema).toBuffer(value)]);
    };
    const delivery = {
      id: '6d1f7f0c-8f7b-4e1e-9a51-0c5d6f0f6b11',
      order: 7,
      fee: Buffer.from([0x04, 0xce]), // 12.30
      promised: 20_513,
      delivered: 1_772_360_130_123_456,
      state: 'DELIVERED',
    };
    const plan = planOf(await load(join(folder, 'deliveries.yaml')), {
      onePartition: true,
      env: { SCHEMA_REGISTRY_URL: registry.url },
    });
    const driver = new TopologyDriver(plan);
    driver.feed('deliveries.raw', [
      { value: written(first, delivery) },
      { value: written(CURRENT, { ...delivery, id: '6d1f7f0c-8f7b-4e1e-9a51-0c5d6f0f6b12', courier: ' North  Star' }) },
    ]);
    expect(await driver.end()).toMatchObject({ in: 2, curated: 2 });
    const out = driver.read('deliveries.curated').map(({ value }) => Buffer.from(value as Uint8Array));
    expect(out).toStrictEqual([
      written(CURRENT, { ...delivery, courier: '' }),
      written(CURRENT, { ...delivery, id: '6d1f7f0c-8f7b-4e1e-9a51-0c5d6f0f6b12', courier: 'North Star' }),
    ]);
    expect(registry.asked).toContain('POST /subjects/deliveries.curated-value/versions');
  } finally {
    await registry.close();
  }
});
