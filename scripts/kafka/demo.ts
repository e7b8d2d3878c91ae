/**
 * `npm run demo:kafka`: the movies topology on a real broker, end to end: topics made, films produced, run to the end, run
 * again (nothing new), the first 500 films delivered again, run once more. Then what a reader of committed data sees.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deliver } from '../../test/support/kafka/deliver.ts';
import { findBroker } from '../../test/support/kafka/find-broker.ts';
import { readTopic } from '../../test/support/kafka/read-topic.ts';

const root = join(import.meta.dirname, '..', '..');
const topology = 'topologies/movies.yaml';
const films: unknown[] = JSON.parse(
  readFileSync(join(root, 'node_modules', 'vega-datasets', 'data', 'movies.json'), 'utf8'),
);

console.log('looking for a broker (KAFKA_BROKERS, else Apache Kafka from Maven, else a container) …');
const broker = await findBroker();
if (broker.kind === 'none') {
  console.log(`not run: ${broker.reason}`);
  process.exit(1);
}
const brokers = broker.brokers.join(',');
console.log(`broker on ${brokers} (${broker.kind})`);
try {
  sluice('topics', topology, '--create', '--partitions', '1');
  await send(films);
  sluice('run', topology, '--until-end');
  sluice('run', topology, '--until-end');
  await send(films.slice(0, 500));
  sluice('run', topology, '--until-end');
  console.log('\nread committed:');
  for (const topic of ['movies.curated', 'movies.duplicates', 'movies.quarantine']) {
    const seen = await readTopic(broker.brokers, topic);
    console.log(
      `  ${topic.padEnd(18)} ${String(seen.length).padStart(5)} records, the last: ${shown(seen.at(-1)?.value)}`,
    );
  }
} finally {
  await broker.close();
}

function sluice(...args: readonly string[]): void {
  console.log(`\n$ sluice ${args.join(' ')}`);
  const run = spawnSync(process.execPath, ['src/cli/main.ts', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, KAFKA_BROKERS: brokers },
  });
  if (run.status !== 0) throw new Error(`sluice ${args[0]} ended with ${run.status}`);
}

async function send(records: readonly unknown[]): Promise<void> {
  await deliver(
    broker.brokers,
    'movies.raw',
    records.map((record) => ({ value: JSON.stringify(record) })),
  );
  console.log(`\n${records.length} films → movies.raw`);
}

function shown(value: Buffer | null | undefined): string {
  return (value?.toString() ?? '').slice(0, 120);
}
