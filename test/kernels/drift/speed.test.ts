import { expect, it } from 'vitest';
import { normalQuantile } from '../../../src/kernels/drift/normal.ts';
import { slowness } from '../../support/slowness.ts';
import { ColumnRun } from './column-run.ts';
import { uniforms } from './families.ts';

const RECORDS = 1_000_000;

it('a numeric column takes more than a million values a second of CPU time', () => {
  const u = uniforms(1);
  const values = Float64Array.from({ length: 10_000 }, () => normalQuantile(u()));
  const run = new ColumnRun();
  for (let i = 0; i < 20_000; i++) run.push(values[i % values.length]!);
  const from = process.cpuUsage();
  for (let i = 0; i < RECORDS; i++) run.push(values[i % values.length]!);
  const { user, system } = process.cpuUsage(from);
  expect((RECORDS / ((user + system) / 1e6)) * slowness()).toBeGreaterThan(1_000_000);
});
