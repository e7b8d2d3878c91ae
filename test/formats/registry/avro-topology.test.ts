import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../../src/core/clock.ts';
import type { RunObserver } from '../../../src/core/observer.ts';
import { createFormats } from '../../../src/formats/index.ts';
import { operatorRegistry } from '../../../src/operators/index.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { TopologyDriver } from '../../../src/testing/topology-driver.ts';
import { parseTopology, planTopology } from '../../../src/topology/index.ts';
import type { Plan } from '../../../src/topology/plan.ts';
import { type FakeRegistry, fakeRegistry } from '../../support/fake-registry.ts';
import { registryValue } from '../../support/registry-value.ts';

const V1 = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'email', type: 'string' },
    { name: 'total', type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 } },
  ],
};
const V2 = { ...V1, fields: [...V1.fields, { name: 'note', type: ['null', 'string'], default: null }] };

let registry: FakeRegistry;
beforeEach(async () => {
  registry = await fakeRegistry();
});
afterEach(() => registry.close());

const FILES: Record<string, unknown> = { 'reader.avsc': V2, 'out.avsc': V2 };

/** With a cache of its own, as a new process has. */
function planOf(text: string, clock: Clock): Plan {
  const formats = createFormats({
    connection: () => ({ url: registry.url }),
    readFile: (file) => JSON.stringify(FILES[file]),
    clock,
  });
  const topology = parseTopology(text, { file: 't.yaml', folder: import.meta.dirname });
  return planTopology(topology, { operators: operatorRegistry(), formats });
}

/** Formats and driver share a clock, which is the driver's. */
function driverOf(text: string, observer: RunObserver = {}): TopologyDriver {
  let clock: Clock = new ManualClock();
  const late: Clock = {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
  const driver = new TopologyDriver(planOf(text, late), { observer });
  clock = driver.clock;
  return driver;
}

const TOPOLOGY = `
name: orders
input: { topic: in, format: avro }
steps:
  - id: tidy
    use: clean
    with: { fields: { email: [trim, lower-case] } }
output: { topic: out }
`;

const order = (id: number, email: string) => ({ id, email, total: Buffer.from([0x30, 0x39]) });

describe('a topology on Avro', () => {
  test('unchanged records keep their bytes, changed ones their schema; evolution in mid-stream is one question an id', async () => {
    const [one, two] = [registry.add(V1), registry.add(V2)];
    const values = [
      registryValue(one, V1, order(1, 'a@x.org')),
      registryValue(one, V1, order(2, ' B@x.org ')),
      registryValue(two, V2, { ...order(3, 'C@x.org'), note: 'new' }),
      registryValue(one, V1, order(4, 'd@x.org')),
    ];
    const driver = driverOf(TOPOLOGY);
    driver.feed(
      'in',
      values.map((value) => ({ value })),
    );
    const summary = await driver.end();
    expect(summary).toMatchObject({ in: 4, curated: 4 });
    const expected = [
      values[0],
      registryValue(one, V1, order(2, 'b@x.org')),
      registryValue(two, V2, { ...order(3, 'c@x.org'), note: 'new' }),
      values[3],
    ];
    expect(driver.read('out').map(({ value }) => Buffer.from(value as Uint8Array).toString('hex'))).toStrictEqual(
      expected.map((value) => Buffer.from(value as Uint8Array).toString('hex')),
    );
    expect(registry.asked).toStrictEqual(['GET /schemas/ids/1', 'GET /schemas/ids/2']);
  });

  test('an unknown id, a wrong magic byte and a damaged value go to quarantine with their bytes', async () => {
    const id = registry.add(V1);
    const good = registryValue(id, V1, order(1, 'a@x.org'));
    const bad = [registryValue(77, V1, order(2, 'b')), Buffer.from('{"id":3}'), good.subarray(0, 9)];
    const driver = driverOf(TOPOLOGY);
    driver.feed(
      'in',
      [good, ...bad].map((value) => ({ value })),
    );
    expect(await driver.end()).toMatchObject({
      in: 4,
      curated: 1,
      quarantined: 3,
      rules: { 'unknown-schema': 1, 'bad-magic': 1, undecodable: 1 },
    });
    expect(driver.read('orders.quarantine').map(({ value }) => Buffer.from(value as Uint8Array))).toStrictEqual(
      bad.map((value) => Buffer.from(value)),
    );
  });

  test('an unknown id is asked for once a minute, and read when it is there', async () => {
    const later = registryValue(1, V1, order(1, 'a@x.org'));
    const driver = driverOf(TOPOLOGY);
    const settle = async (count: number) => {
      for (let i = 0; i < 400 && driver.read('orders.quarantine').length < count; i++) await driver.advance(20);
      expect(driver.read('orders.quarantine')).toHaveLength(count);
    };
    driver.feed('in', [{ value: later }]);
    await settle(1);
    driver.feed('in', [{ value: later }]);
    await settle(2);
    expect(registry.asked).toHaveLength(1);
    registry.add(V1);
    await driver.advance(61_000);
    driver.feed('in', [{ value: later }]);
    expect(await driver.end()).toMatchObject({ in: 3, curated: 1, quarantined: 2 });
    expect(registry.asked).toHaveLength(2);
  });

  test('an outage of two minutes: the task waits and says so, and nothing is lost', async () => {
    const id = registry.add(V1);
    const states: string[] = [];
    let waited = 0;
    const driver = driverOf(TOPOLOGY, {
      taskState: (_task, state, reason) => void states.push(reason === undefined ? state : `${state}: ${reason}`),
      outage: (_topology, service, seconds) => {
        expect(service).toBe('schema-registry');
        waited += seconds;
      },
    });
    const back = driver.clock.now() + 120_000;
    const moods = ['reset', 'unavailable'] as const;
    let asked = 0;
    registry.mood = () => (driver.clock.now() < back ? (moods[asked++ % 2] ?? 'reset') : 'up');
    const values = Array.from({ length: 500 }, (_, i) => registryValue(id, V1, order(i, `a${i}@x.org`)));
    driver.feed(
      'in',
      values.map((value) => ({ value })),
    );
    expect(await driver.end()).toMatchObject({ in: 500, curated: 500, quarantined: 0 });
    expect(driver.read('out').map(({ value }) => value)).toStrictEqual(values);
    expect(states).toContainEqual(
      expect.stringMatching(/^waiting: the schema registry .* (cannot be reached|status 503)/),
    );
    expect(states.slice(states.findIndex((state) => state.startsWith('waiting')) + 1)).toContain('running');
    expect(waited).toBeGreaterThan(100);
    expect(asked).toBeGreaterThan(10);
    expect(asked).toBeLessThan(200);
  });

  test('what was read before an outage is committed while it lasts', async () => {
    const [one, two] = [registry.add(V1), registry.add(V2)];
    const driver = driverOf(TOPOLOGY);
    driver.feed('in', [{ value: registryValue(one, V1, order(1, 'a@x.org')) }]);
    await driver.advance(10);
    for (let i = 0; i < 200 && registry.asked.length === 0; i++) await driver.advance(0);
    registry.mood = () => 'unavailable';
    driver.feed('in', [{ value: registryValue(two, V2, { ...order(2, 'b@x.org'), note: null }) }]);
    for (let i = 0; i < 400 && driver.read('out').length === 0; i++) await driver.advance(50);
    expect(driver.read('out')).toHaveLength(1);
    for (let i = 0; i < 400 && registry.asked.length < 6; i++) await driver.advance(50);
    expect(driver.read('out')).toHaveLength(1);
    registry.mood = () => 'up';
    expect(await driver.end()).toMatchObject({ in: 2, curated: 2 });
  });

  test('what is held comes back from a checkpoint before its schema is known again', async () => {
    const id = registry.add(V1);
    const text = TOPOLOGY.replace(
      'steps:',
      'steps:\n  - { id: once, use: dedup, with: { key: [id], keep: last, window: 1h } }',
    );
    const driver = driverOf(text);
    driver.feed(
      'in',
      [order(1, ' A@x.org'), order(2, 'B@x.org')].map((one) => ({ value: registryValue(id, V1, one) })),
    );
    await driver.advance(5000);
    await driver.pause();
    expect(driver.read('out')).toHaveLength(0);
    driver.restartWith(planOf(text, driver.clock));
    expect(await driver.end()).toMatchObject({ in: 2, curated: 2 });
    expect(driver.read('out').map(({ value }) => Buffer.from(value as Uint8Array))).toStrictEqual(
      [order(1, 'a@x.org'), order(2, 'b@x.org')].map((one) => Buffer.from(registryValue(id, V1, one))),
    );
  });

  test('a stop in mid-outage ends the run, and the next one reads what was waited for', async () => {
    const id = registry.add(V1);
    registry.mood = () => 'unavailable';
    const driver = driverOf(TOPOLOGY);
    driver.feed('in', [{ value: registryValue(id, V1, order(1, 'a@x.org')) }]);
    await driver.advance(10_000);
    expect(await driver.pause()).toMatchObject({ in: 0 });
    registry.mood = () => 'up';
    expect(await driver.end()).toMatchObject({ in: 1, curated: 1 });
  });
});

describe('values JSON has not', () => {
  const WIDE = {
    type: 'record',
    name: 'Wide',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'raw', type: 'bytes' },
      { name: 'v', type: 'double' },
    ],
  };
  // by hand: 2^60 + 1 as a zig-zag varint, two bytes, a double
  const value = (id: number, double: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(double);
    return Buffer.concat([
      Buffer.from([0, 0, 0, 0, id]),
      Buffer.from('828080808080808020', 'hex'),
      Buffer.from([4, 1, 255]),
      bytes,
    ]);
  };

  test.each([
    ['dedup', '{ key: [id], window: all }'],
    ['dedup', '{ window: all }'],
    [
      'check',
      '{ rules: [{ name: v, field: id, required: true }, { name: c, cel: "record.id != null" }, { field: raw, required: true }] }',
    ],
    ['clean', '{ fields: { id: [trim], raw: [trim], v: [trim] } }'],
    ['profile', '{ window: { records: 2 } }'],
    ['repartition', '{ key: [id] }'],
  ])('%s %s takes a wide long, bytes and a double that is no number', async (use, config) => {
    const id = registry.add(WIDE);
    const values = [value(id, 1.5), value(id, Number.NaN)];
    const driver = driverOf(`
name: wide
input: { topic: in, format: avro }
steps:
  - { id: a, use: ${use}, with: ${config} }
output: { topic: out }
`);
    driver.feed(
      'in',
      values.map((one) => ({ value: one, timestamp: 1000 })),
    );
    const summary = await driver.end();
    expect(summary.rules).not.toHaveProperty('operator-error');
    expect(summary.quarantined).toBe(0);
    const seen = driver.read('out').map((record) => Buffer.from(record.value as Uint8Array).toString('hex'));
    expect(seen).toStrictEqual(values.map((one) => one.toString('hex')).slice(0, seen.length));
    expect(seen.length).toBeGreaterThan(0);
  });
});

describe('schemas of inputs and outputs', () => {
  test('a reader schema: every record has its shape, and one that does not change keeps its bytes', async () => {
    const id = registry.add(V1);
    const driver = driverOf(`
name: orders
input: { topic: in, format: avro, schema: reader.avsc }
steps: []
output: { topic: out, format: json }
`);
    driver.feed('in', [{ value: registryValue(id, V1, order(1, 'a')) }]);
    await driver.end();
    expect(driver.values('out')).toStrictEqual(['{"id":1,"email":"a","total":"123.45","note":null}']);
  });

  test('JSON leaves as Avro of a registered schema', async () => {
    const driver = driverOf(`
name: orders
input: { topic: in }
steps: []
output: { topic: out, format: avro, schema: { file: out.avsc, compatibility: backward } }
`);
    driver.feed('in', [
      '{"id":9007199254740993,"email":"a","total":"1.50"}',
      '{"id":1,"email":"a","total":"1.50","note":"x"}',
      '{"id":1,"total":"1.50"}',
    ]);
    expect(await driver.end()).toMatchObject({
      curated: 1,
      quarantined: 2,
      rules: { 'not-in-schema': 1, 'lossy-number': 1 },
    });
    expect(registry.asked).toStrictEqual([
      'GET /config/out-value',
      'PUT /config/out-value',
      'POST /subjects/out-value/versions',
    ]);
    const value = driver.read('out')[0]?.value as Uint8Array;
    const written = { ...order(1, 'a'), total: Buffer.from([0x00, 0x96]), note: 'x' };
    expect(Buffer.from(value)).toStrictEqual(Buffer.from(registryValue(1, V2, written)));
  });

  test('one input, several outputs, each with a format and schema of its own', async () => {
    const id = registry.add(V1);
    const driver = driverOf(`
name: orders
input: { topic: in, format: avro }
steps:
  - { id: tidy, use: clean, with: { fields: { email: [trim] } } }
  - { id: big, use: filter, with: { where: 'record.id > 1' } }
output: { topic: out, format: avro, schema: { file: out.avsc, subject: orders } }
outputs: { tidy: { topic: all, format: json }, big.dropped: { topic: small, format: avro } }
`);
    const values = [registryValue(id, V1, order(1, 'a')), registryValue(id, V1, order(2, ' b'))];
    driver.feed(
      'in',
      values.map((value) => ({ value })),
    );
    await driver.end();
    expect(driver.values('all')).toStrictEqual([
      '{"id":1,"email":"a","total":"123.45"}',
      '{"id":2,"email":"b","total":"123.45"}',
    ]);
    const [out] = driver.read('out');
    const written = registryValue(2, V2, { ...order(2, 'b'), note: null });
    expect(Buffer.from(out?.value as Uint8Array).toString('hex')).toBe(Buffer.from(written).toString('hex'));
    expect(driver.read('small').map(({ value }) => value)).toStrictEqual([values[0]]);
  });
});
