/** `npm run test:containers`: the tests of the Kafka broker against a broker in a container; says so where none can run. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { startContainer } from '../../test/support/kafka/container.ts';
import { NoBroker } from '../../test/support/kafka/install.ts';

const broker = await startContainer().catch((error: unknown) => {
  if (!(error instanceof NoBroker)) throw error;
  console.log(`not run: ${error.message}`);
  process.exit(0);
});
const root = join(import.meta.dirname, '..', '..');
const run = spawnSync(join(root, 'node_modules', '.bin', 'vitest'), ['run', 'test/brokers/kafka'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, KAFKA_BROKERS: broker.brokers.join(',') },
});
await broker.close();
process.exit(run.status ?? 1);
