// The reference job as one query of DuckDB on one thread. Arguments: input, folder of outputs, query file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const [input = '', folder = '', query = ''] = process.argv.slice(2);
const quoted = (path: string): string => `'${path.replaceAll("'", "''")}'`;
const sql = readFileSync(query, 'utf8')
  .replaceAll(':in', quoted(input))
  .replaceAll(':curated', quoted(join(folder, 'curated.ndjson')))
  .replaceAll(':quarantine', quoted(join(folder, 'quarantine.ndjson')));

const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const connection = await instance.connect();
await connection.run(sql);
connection.closeSync();
instance.closeSync();
