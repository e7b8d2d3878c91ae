import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/formats/index.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import { TopologyDriver } from '../../src/testing/index.ts';
import { defineTopology, planTopology } from '../../src/topology/index.ts';

async function written(select: string[], value: string): Promise<string | undefined> {
  const topology = defineTopology({
    name: 'shaped',
    input: { topic: 'in', format: 'json' },
    steps: [{ id: 'all', use: 'filter', with: { where: '1 == 1' } }],
    output: { topic: 'out', select },
  });
  const driver = new TopologyDriver(planTopology(topology, { operators: operatorRegistry(), formats: createCodec }));
  driver.feed('in', [value]);
  await driver.end();
  return driver.values('out')[0];
}

describe('select', () => {
  it.each([
    [['id'], '{"id":1,"b":2}', { id: 1 }],
    [['b', 'id'], '{"id":1,"b":2}', { id: 1, b: 2 }],
    [['a.x'], '{"a":{"x":1,"y":2},"b":3}', { a: { x: 1 } }],
    [['a', 'a.x'], '{"a":{"x":1,"y":2}}', { a: { x: 1, y: 2 } }],
    [['missing'], '{"id":1}', {}],
  ])('%j of %s', async (select, value, expected) => {
    expect(JSON.parse((await written(select, value)) ?? '')).toEqual(expected);
  });

  it('keeps the bytes of what stays', async () => {
    expect(await written(['id', 'big'], '{"big":12345678901234567890,"gone":1,"id":-0}')).toMatch(
      /12345678901234567890.*-0/,
    );
  });
});
