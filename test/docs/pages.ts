import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dataPath } from '../data.ts';
import { topicName } from '../support/kafka/topics.ts';

/** How the commands of a page are put to the test. A page with commands that is not here fails. */
export type Coverage =
  /** A test of its own follows it. */
  | { readonly by: string }
  /** Needs a container runtime, or a cluster: this test runs without them what they would start, and the page says so. */
  | { readonly needsContainers: string }
  /** Followed word for word in a new folder. */
  | {
      /** Makes what the page takes for given. */
      readonly prepare?: (folder: string) => void;
      /** In the checkout instead of a new folder. */
      readonly inCheckout?: true;
      /** Data set below the data folder that it needs. */
      readonly data?: string;
      /** What stands below the commands are examples: only that they run is asked. */
      readonly isSketch?: true;
      /** Needs a broker: files and commands as they must be there. */
      readonly kafka?: (brokers: readonly string[]) => (text: string) => string;
      /** Commands that go on until they are asked to stop, by SIGTERM. */
      readonly endless?: readonly string[];
    };

const orders = topicName('orders');

export const PAGES: Readonly<Record<string, Coverage>> = {
  'README.md': { inCheckout: true },
  'docs/tutorial.md': { by: 'test/docs/tutorial.test.ts' },
  'docs/on-call.md': { by: 'test/docs/on-call.test.ts' },
  'docs/deployment.md': { needsContainers: 'test/deploy/compose-run.test.ts' },
  'docs/for-trainers.md': { by: 'test/docs/for-trainers.test.ts' },
  'docs/drift.md': { isSketch: true, prepare: sensor },
  'docs/near.md': { isSketch: true, prepare: (folder) => writeFileSync(join(folder, 'products.csv'), products()) },
  'docs/profiles.md': {
    data: 'clean/beers',
    prepare: (folder) => cpSync(join(dataPath('clean/beers'), 'dirty.csv'), join(folder, 'beers.csv')),
  },
  'docs/queries.md': { prepare: queryLogs },
  'docs/operations.md': {
    prepare: (folder) => writeFileSync(join(folder, 'orders.yaml'), keyedOrders()),
    kafka: (brokers) => (text) =>
      text.replaceAll('kafka-1:9092', brokers[0] ?? '').replace(/--http$/, '--http 127.0.0.1:0'),
    endless: ['sluice run orders.yaml'],
  },
};

function keyedOrders(): string {
  return `name: ${orders}
input: { topic: ${orders}.raw, key: [id] }
steps: [{ id: once, use: dedup, with: { key: [id], window: all } }]
output: { topic: ${orders}.curated }
kafka: { replayKey: only-for-the-tests-of-this-page }
`;
}

function sensor(folder: string): void {
  const topology = `name: sensor
input: { topic: sensor.raw }
steps: [{ id: drift, use: detect-drift, with: { fields: { temperature: numeric } } }]
output: { topic: sensor.curated }
`;
  writeFileSync(join(folder, 'sensor.yaml'), topology);
  writeFileSync(join(folder, 'sensor.csv'), 'temperature\n20.5\n20.7\n');
}

function products(): string {
  const rows = Array.from({ length: 40 }, (_, i) => {
    const model = `T${400 + (i >> 1)}`;
    return i % 2 === 0
      ? `Velo Lamp ${model},"Lamp by Velo, model ${model}",26${i}`
      : `VELO ${model} lamp,Velo Lamp (${model}),26${i}`;
  });
  return `name,description,price\n${rows.join('\n')}\n`;
}

function queryLogs(folder: string): void {
  const query = 'SELECT name FROM users WHERE id = 1';
  writeFileSync(join(folder, 'statements.sql'), `${query};\n${query};\n`);
  const line = `2024-08-17 10:00:00.000 UTC,"app","shop",1,"[local]",s1,1,"SELECT",2024-08-17 09:00:00 UTC,3/1,0,LOG,00000,"statement: ${query}","",,,,,,,,"app","client backend",,0\n`;
  writeFileSync(join(folder, 'postgresql-2024-08-17.csv.gz'), gzipSync(line));
  const app = { sql: 'SELECT name FROM users WHERE id = $1', customer: 'c1', bindings: ['1'] };
  writeFileSync(join(folder, 'app.ndjson'), `${JSON.stringify(app)}\n`);
  writeFileSync(
    join(folder, 'pg_stat_statements.csv'),
    `userid,dbid,query,calls,total_exec_time\n10,5,"${query}",5,1\n`,
  );
}
