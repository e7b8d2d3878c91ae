/**
 * `npm run kafka`: a broker and a schema registry for development, until Ctrl-C. Data live in a temporary folder.
 * `npm run kafka -- --broker-only` leaves the registry out; `--port` and `--registry-port` choose other ports.
 */
import { parseArgs } from 'node:util';
import { startKafka } from '../../test/support/kafka/cluster.ts';
import { startRegistry } from '../../test/support/kafka/registry.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '9092' },
    'registry-port': { type: 'string', default: '8081' },
    'broker-only': { type: 'boolean', default: false },
  },
});

const stopped = new Promise<void>((resolve) => {
  process.once('SIGINT', () => resolve());
  process.once('SIGTERM', () => resolve());
});
console.log('kafka: starting; the first time the jars are fetched from Maven Central …');
const cluster = await startKafka({ port: Number(values.port) });
console.log(`kafka: broker on ${cluster.brokers.join(',')}`);
const registry = values['broker-only'] ? undefined : await startRegistry({ port: Number(values['registry-port']) });
if (registry !== undefined) console.log(`kafka: schema registry on ${registry.url}`);
console.log(`kafka: export KAFKA_BROKERS=${cluster.brokers.join(',')}   (Ctrl-C ends both)`);
const keepAlive = setInterval(() => {}, 60_000);
await stopped;
clearInterval(keepAlive);
console.log('kafka: stopping');
await Promise.all([registry?.close(), cluster.close()]);
