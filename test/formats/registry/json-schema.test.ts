import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFormats } from '../../../src/formats/index.ts';
import { operatorRegistry } from '../../../src/operators/index.ts';
import { TopologyDriver } from '../../../src/testing/topology-driver.ts';
import { parseTopology, planTopology } from '../../../src/topology/index.ts';
import { type FakeRegistry, fakeRegistry } from '../../support/fake-registry.ts';

let registry: FakeRegistry;
beforeEach(async () => {
  registry = await fakeRegistry();
});
afterEach(() => registry.close());

const SCHEMA = {
  type: 'object',
  properties: { id: { type: 'integer' }, email: { type: 'string', pattern: '^[^@]+@[^@]+$', maxLength: 20 } },
  required: ['id', 'email'],
};

function driverOf(text: string): TopologyDriver {
  const formats = createFormats({ connection: () => ({ url: registry.url }), readFile: () => JSON.stringify(SCHEMA) });
  const topology = parseTopology(text, { file: 't.yaml', folder: import.meta.dirname });
  return new TopologyDriver(planTopology(topology, { operators: operatorRegistry(), formats }));
}

function produced(id: number, text: string): Uint8Array {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return Buffer.concat([header, Buffer.from(text)]);
}

describe('JSON Schema through a registry', () => {
  test('what does not fit goes to quarantine; the rest keeps its bytes, and its numbers when it is changed', async () => {
    const id = registry.add(SCHEMA, { schemaType: 'JSON' });
    const driver = driverOf(`
name: people
input: { topic: in, format: json-schema }
steps:
  - { id: tidy, use: clean, with: { fields: { email: [trim] } } }
output: { topic: out }
`);
    const texts = [
      '{ "id": 1, "email": "a@x.org" }',
      '{ "id": 12345678901234567890, "email": " a@x.org" }',
      '{ "id": "1", "email": "a@x.org" }',
      '{ "id": 1, "email": "nobody" }',
      '{ "id": 1',
    ];
    driver.feed(
      'in',
      texts.map((text) => ({ value: produced(id, text) })),
    );
    expect(await driver.end()).toMatchObject({ curated: 2, quarantined: 3, rules: { 'schema-violation': 2 } });
    expect(driver.read('out').map(({ value }) => Buffer.from(value as Uint8Array))).toStrictEqual([
      produced(id, texts[0] ?? ''),
      produced(id, '{ "id": 12345678901234567890, "email": "a@x.org" }'),
    ]);
  });

  test('an output is registered, and what does not fit it is refused', async () => {
    const driver = driverOf(`
name: people
input: { topic: in }
steps: []
output: { topic: out, format: json-schema, schema: { file: people.json, subject: people } }
`);
    driver.feed('in', ['{"id":1,"email":"a@x.org"}', '{"id":1}']);
    expect(await driver.end()).toMatchObject({ curated: 1, quarantined: 1, rules: { 'schema-violation': 1 } });
    expect(registry.asked).toStrictEqual(['POST /subjects/people/versions']);
    expect(registry.schemas.get(1)).toMatchObject({ schemaType: 'JSON' });
    expect(Buffer.from(driver.read('out')[0]?.value as Uint8Array)).toStrictEqual(
      produced(1, '{"id":1,"email":"a@x.org"}'),
    );
  });

  test('an Avro schema behind the id of a JSON value is said', async () => {
    const id = registry.add('"long"');
    const driver = driverOf(
      'name: people\ninput: { topic: in, format: json-schema }\nsteps: []\noutput: { topic: out }\n',
    );
    driver.feed('in', [{ value: produced(id, '{}') }]);
    expect(await driver.end()).toMatchObject({ quarantined: 1, rules: { 'wrong-schema': 1 } });
  });
});
