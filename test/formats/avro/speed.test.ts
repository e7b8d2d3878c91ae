import { expect, test } from 'vitest';
import { run } from '../../bench/avro.ts';
import { slowness } from '../../support/slowness.ts';

test('a core decodes 300,000 records of twelve fields a second', async () => {
  const { rows } = await run({ runs: 3, records: 60_000, seed: 3, only: ['decode', 'decode, a timestamp as text'] });
  const times = slowness();
  for (const [name, speed] of rows) expect(Number(speed) * times, String(name)).toBeGreaterThan(300_000);
  expect(rows).toHaveLength(2);
});
