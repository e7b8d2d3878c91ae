import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/formats/index.ts';
import { normalQuantile } from '../../src/kernels/drift/normal.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import { run } from '../../src/run.ts';
import { TopologyDriver } from '../../src/testing/index.ts';
import { parseTopology, planTopology } from '../../src/topology/index.ts';
import { uniforms } from '../kernels/drift/families.ts';

/** Records are held by a step and cross a repartition topic between the step that knows the epoch and the output. */
const TOPOLOGY = parseTopology(
  `name: epochs
input: { topic: in }
steps:
  - { id: drift, use: detect-drift, with: { fields: { x: numeric }, reference: { records: 2000 }, certify: true } }
  - { id: hold, use: check-window, with: { window: { records: 40 }, action: quarantine, expect: [{ measure: row-count, min: 1 }] } }
  - { id: by-id, use: repartition, with: { key: [id] } }
output: { topic: out, certificate: full }
`,
  { file: 'epochs.yaml', folder: '.' },
);
const u = uniforms(3);
const SHIFT = 2600;
const rows = Array.from({ length: 3000 }, (_, id) =>
  JSON.stringify({ id, x: normalQuantile(u()) + (id < SHIFT ? 0 : 2) }),
);

/** Epoch by id of the record; it must be 0 up to some record soon after the shift, and 1 from then on. */
function expectEpochs(epochs: ReadonlyMap<number, number>): void {
  expect(epochs.size).toBe(rows.length);
  const first = rows.findIndex((_, id) => epochs.get(id) !== 0);
  expect(first).toBeGreaterThanOrEqual(SHIFT);
  expect(first).toBeLessThan(SHIFT + 40);
  expect(rows.map((_, id) => epochs.get(id))).toEqual(rows.map((_, id) => (id < first ? 0 : 1)));
}

describe('the drift epoch in certificates', () => {
  it('is that of the record, through holding steps, repartition topics and crashes', async () => {
    const plan = planTopology(TOPOLOGY, { operators: operatorRegistry(), formats: createCodec });
    const driver = new TopologyDriver(plan, { cut: 100 });
    driver.feed('in', rows);
    await driver.crashAt(12);
    await driver.crashAt(30);
    await driver.end();
    const found = driver.read('out').map(({ value, headers }): [number, number] => {
      const certificate = headers.find(({ name }) => name === 'sluice-certificate')?.value;
      return [JSON.parse(String(value)).id, JSON.parse(String(Buffer.from(certificate ?? []))).epochs.drift];
    });
    expectEpochs(new Map(found));
  });

  it('is in the certificates of files too', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-epochs-'));
    try {
      writeFileSync(join(dir, 'in.ndjson'), rows.map((row) => `${row}\n`).join(''));
      await run(TOPOLOGY, { local: dir });
      const linesOf = (file: string) =>
        readFileSync(join(dir, file), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line));
      const certificates = linesOf('out.certificates.ndjson');
      expectEpochs(new Map(linesOf('out.ndjson').map(({ id }, i) => [id, certificates[i].epochs.drift])));
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
