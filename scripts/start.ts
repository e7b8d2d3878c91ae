/** `npm start`: the movies topology over a real film list, delivered once whole and then its first 500 records again. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const deliveries = join(root, 'out', 'movies', 'deliveries');
const films = readFileSync(join(root, 'node_modules', 'vega-datasets', 'data', 'movies.json'), 'utf8');

mkdirSync(deliveries, { recursive: true });
deliver('1-movies.json', films);
deliver('2-first-500-again.json', JSON.stringify(JSON.parse(films).slice(0, 500)));

console.error('sluice run topologies/movies.yaml --local out/movies --topic movies.raw=out/movies/deliveries\n');
const run = spawnSync(
  process.execPath,
  [
    'src/cli/main.ts',
    'run',
    'topologies/movies.yaml',
    '--local',
    'out/movies',
    '--topic',
    'movies.raw=out/movies/deliveries',
    '--report',
    'out/movies/report.html',
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exit(run.status ?? 1);

/** Written once: a file that was read already must not change. */
function deliver(name: string, text: string): void {
  const path = join(deliveries, name);
  if (!existsSync(path)) writeFileSync(path, text);
}
