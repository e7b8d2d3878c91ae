import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/formats/index.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import { run } from '../../src/run.ts';
import { TopologyDriver } from '../../src/testing/index.ts';
import { parseTopology, planTopology } from '../../src/topology/index.ts';
import { stockPartition } from '../support/kafka/stock-partition.ts';

const PARTITIONS = 5;

const topologyOf = (outputs: string) =>
  parseTopology(
    `name: shaped
input: { topic: in }
steps:
  - id: tidy
    use: clean
    with: { trace: true, fields: { name: [trim] } }
  - id: sane
    use: check
    with: { rules: [{ name: adult, field: age, min: 18, severity: warn }] }
${outputs}`,
    { file: 'shaped.yaml', folder: '.' },
  );
const planOf = (outputs: string) =>
  planTopology(topologyOf(outputs), { operators: operatorRegistry(), formats: createCodec });

const header = (name: string, text: string) => ({ name, value: Buffer.from(text) });
const people = Array.from({ length: 40 }, (_, i) => ({
  key: Buffer.from(`came-${i}`),
  value: JSON.stringify({ id: i, name: i % 4 === 0 ? ` P${i} ` : `P${i}`, city: `c${i % 7}`, age: i }),
  headers: [header('trace', `t${i}`), header('tenant', 'x'), header('sluice-certificate', 'forged')],
}));

/** What stands in each partition of `out`. */
async function written(outputs: string, records: Parameters<TopologyDriver['feed']>[1] = people) {
  const driver = new TopologyDriver(planOf(outputs), { partitions: PARTITIONS });
  driver.feed('in', records, 3);
  await driver.end();
  return Array.from({ length: PARTITIONS }, (_, partition) =>
    driver.read('out', partition).map((record) => ({
      partition,
      key: record.key === null ? null : String(Buffer.from(record.key)),
      value: record.value === null ? null : JSON.parse(String(record.value)),
      headers: Object.fromEntries(record.headers.map(({ name, value }) => [name, String(Buffer.from(value ?? []))])),
    })),
  ).flat();
}

describe('output options', () => {
  it('without any, a record keeps key, partition and headers', async () => {
    const records = await written('output: { topic: out }');
    expect(records.map(({ partition, key, headers }) => [partition, key, headers.trace, headers.tenant])).toEqual(
      people.map((_, i) => [3, `came-${i}`, `t${i}`, 'x']),
    );
  });

  it('key: fields become the key, and choose the partition as the stock client would', async () => {
    const records = await written('output: { topic: out, key: [city] }');
    expect(records).toHaveLength(people.length);
    for (const { partition, key, value } of records)
      expect([key, partition]).toEqual([value.city, stockPartition(value.city, PARTITIONS)]);
    const several = await written('output: { topic: out, key: [city, id] }');
    expect(several.map(({ key }) => key)).toEqual(several.map(({ value }) => JSON.stringify([value.city, value.id])));
  });

  it('partitionBy: other fields choose the partition, the key stays', async () => {
    const records = await written('output: { topic: out, partitionBy: [city] }');
    expect(records).toHaveLength(people.length);
    for (const { partition, key, value } of records)
      expect([key, partition]).toEqual([`came-${value.id}`, stockPartition(value.city, PARTITIONS)]);
  });

  it('a record without a value keeps its key', async () => {
    const [gone] = await written('output: { topic: out, key: [city], partitionBy: [city], certificate: full }', [
      { key: Buffer.from('k'), value: null },
    ]);
    expect(gone).toMatchObject({ key: 'k', value: null });
  });

  it.each([
    ['headers: none', []],
    ['headers: [tenant, missing]', ['tenant']],
    ['headers: keep', ['trace', 'tenant']],
  ])('%s', async (option, kept) => {
    const records = await written(`output: { topic: out, ${option} }`);
    for (const { headers } of records)
      expect(Object.keys(headers).filter((name) => !name.startsWith('sluice-'))).toEqual(kept);
  });

  it('certificate: full says plan, origin, fixes and what was let pass; a forged one is gone', async () => {
    const plan = planOf('output: { topic: out, certificate: full }');
    const records = await written('output: { topic: out, certificate: full }');
    for (const { headers, value } of records) {
      const { id } = value;
      expect(JSON.parse(headers['sluice-certificate'] ?? '')).toEqual({
        topology: 'shaped',
        plan: plan.fingerprint,
        origin: { topic: 'in', partition: 3, offset: id },
        ...(id % 4 === 0
          ? { fixes: [expect.objectContaining({ field: 'name', old: ` P${id} `, new: `P${id}` })] }
          : {}),
        ...(id < 18 ? { passed: [{ step: 'sane', rule: 'adult', severity: 'warn', field: 'age' }] } : {}),
      });
    }
    const [plain] = await written('output: { topic: out }');
    expect(plain?.headers).not.toHaveProperty('sluice-certificate');
  });

  it('a certificate has at most 8 KiB, and counts what it leaves out', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `f${i}`);
    const fields = names.map((name) => `${name}: [trim]`).join(', ');
    const topology = parseTopology(
      `name: wide
input: { topic: in }
steps: [{ id: tidy, use: clean, with: { trace: true, fields: { ${fields} } } }]
output: { topic: out, certificate: full }`,
      { file: 'wide.yaml', folder: '.' },
    );
    const driver = new TopologyDriver(planTopology(topology, { operators: operatorRegistry(), formats: createCodec }));
    driver.feed('in', [JSON.stringify(Object.fromEntries(names.map((name) => [name, ` ${'ü'.repeat(400)}`])))]);
    await driver.end();
    const text =
      driver.read('out')[0]?.headers.find(({ name }) => name === 'sluice-certificate')?.value ?? new Uint8Array();
    expect(text.byteLength).toBeLessThanOrEqual(8 * 1024);
    const certificate = JSON.parse(Buffer.from(text).toString());
    expect(certificate.fixes.length + certificate.omitted).toBe(300);
    expect(certificate.fixes.length).toBeGreaterThan(5);
  });

  it('one port goes to several topics in several formats', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-outputs-'));
    try {
      writeFileSync(join(dir, 'in.ndjson'), people.map(({ value }) => `${value}\n`).join(''));
      const spec = `output: { topic: out, certificate: full }
outputs:
  sane:
    - { topic: table, format: csv, select: [id, city], certificate: origin }
    - copy`;
      await run(topologyOf(spec), { local: dir });
      const linesOf = (file: string) => readFileSync(join(dir, file), 'utf8').split('\n').slice(0, -1);
      expect(linesOf('out.ndjson')).toEqual(linesOf('copy.ndjson'));
      expect(linesOf('table.csv')).toEqual(['id,city', ...people.map((_, i) => `${i},c${i % 7}`)]);
      const origins = linesOf('table.certificates.ndjson').map((line) => JSON.parse(line));
      expect(origins.map(({ origin }) => origin.offset)).toEqual(people.map((_, i) => i));
      expect(linesOf('out.certificates.ndjson').map((line) => JSON.parse(line).origin.offset)).toEqual(
        linesOf('out.ndjson').map((line) => JSON.parse(line).id),
      );
      expect(readdirSync(dir)).not.toContain('copy.certificates.ndjson');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('says that files are not compressed', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-outputs-'));
    try {
      writeFileSync(join(dir, 'in.ndjson'), '{"id":1}\n');
      const told: string[] = [];
      const line = (code: string) => void told.push(code);
      const log = { error: line, warn: line, info: line, debug: line };
      await run(topologyOf('output: { topic: out, compression: gzip }'), { local: dir, log });
      expect(told).toContain('compression-on-files');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
