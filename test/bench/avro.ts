import avro from 'avsc';
import { systemClock } from '../../src/core/clock.ts';
import { DataRecord } from '../../src/core/record.ts';
import { avroCodec } from '../../src/formats/avro/codec.ts';
import { RegistryClient } from '../../src/formats/registry/client.ts';
import { SchemaCache } from '../../src/formats/registry/schema-cache.ts';
import { fakeRegistry } from '../support/fake-registry.ts';
import { type BenchOptions, median, type Table } from './table.ts';

const BATCH = 2000;
const SCHEMA = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'device', type: 'string' },
    { name: 'name', type: 'string' },
    { name: 'email', type: 'string' },
    { name: 'country', type: { type: 'enum', name: 'Country', symbols: ['DE', 'FR', 'GB', 'US'] } },
    { name: 'status', type: 'string' },
    { name: 'amount', type: 'double' },
    { name: 'qty', type: 'int' },
    { name: 'temp', type: ['null', 'float'], default: null },
    { name: 'lo', type: 'int' },
    { name: 'hi', type: 'int' },
    { name: 'ts', type: 'long' },
  ],
};
type Forged = Parameters<typeof avro.Type.forSchema>[0];
/** The same bytes; two of the fields are read as what they mean. */
const MARKED = {
  ...SCHEMA,
  fields: SCHEMA.fields.map((field) =>
    field.name === 'ts' ? { ...field, type: { type: 'long', logicalType: 'timestamp-millis' } } : field,
  ),
};

function orderOf(i: number, seed: number) {
  const n = (Math.imul(i + seed, 2654435761) >>> 0) % 100_000;
  return {
    id: 1_000_000_000 + n,
    device: `dev-${n}`,
    name: `name of ${n}`,
    email: `user.name${n}@example.com`,
    country: ['DE', 'FR', 'GB', 'US'][n % 4],
    status: n % 3 === 0 ? 'active' : 'idle',
    amount: n / 7,
    qty: n % 1000,
    temp: n % 10 === 0 ? null : n % 80,
    lo: n,
    hi: n + 1,
    ts: 1_767_225_600_000 + n * 1000,
  };
}

/** Values of a registry of 12 fields, decoded as a batch is, changed and written; beside avsc, which knows no limits. */
export async function run(options: BenchOptions): Promise<Table> {
  const registry = await fakeRegistry();
  try {
    const ids = [registry.add(SCHEMA), registry.add(MARKED)] as const;
    const type = avro.Type.forSchema(SCHEMA as Forged);
    const orders = Array.from({ length: BATCH }, (_, i) => orderOf(i, options.seed));
    const payloadsOf = (id: number) =>
      orders.map((order) => {
        const header = Buffer.alloc(5);
        header.writeUInt32BE(id, 1);
        return Buffer.concat([header, type.toBuffer(order)]);
      });
    const [plain, marked] = [payloadsOf(ids[0]), payloadsOf(ids[1])];
    const cache = new SchemaCache(() => new RegistryClient({ url: registry.url }, systemClock), systemClock);
    const codec = avroCodec({ cache });
    const record = (payload: Uint8Array) =>
      new DataRecord({ source: { topic: 't', partition: 0 }, offset: 0, payload, codec });
    await codec.prepare?.([...plain, ...marked].map(record));
    const changed = () =>
      plain.map((payload) => {
        const draft = record(payload).edit();
        draft.patch(['name'], 'another name');
        return draft;
      });
    const variants: readonly [name: string, work: () => unknown][] = [
      ['decode', () => plain.map((payload) => codec.decode(payload))],
      ['decode, a timestamp as text', () => marked.map((payload) => codec.decode(payload))],
      ['decode, change one field, encode', () => changed().map((draft) => codec.encode(draft))],
      ['decode by avsc', () => plain.map((payload) => type.fromBuffer(payload.subarray(5)))],
    ];
    const rows = variants
      .filter(([name]) => options.only.length === 0 || options.only.includes(name))
      .map(([name, work]) => [name, Math.round(speed(work, options))] as const);
    return {
      title: 'Avro with the id of a registry, 12 fields',
      columns: ['what', 'records a second and core'],
      rows,
      notes: [`batches of ${BATCH} records of ${plain[0]?.length} bytes, CPU time, median of ${options.runs} runs`],
    };
  } finally {
    await registry.close();
  }
}

function speed(work: () => unknown, { runs, records }: BenchOptions): number {
  const rounds = Math.max(1, Math.min(100, Math.floor(records / BATCH)));
  for (let i = 0; i < rounds; i++) work();
  const speeds = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    for (let i = 0; i < rounds; i++) work();
    const { user, system } = process.cpuUsage(before);
    return (rounds * BATCH * 1e6) / (user + system);
  });
  return median(speeds);
}
