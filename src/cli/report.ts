import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ConfigError } from '../core/errors.ts';
import { consoleAssets } from '../http/console/assets.ts';
import { reportPage } from '../http/console/pages.ts';
import type { LiveView } from '../telemetry/live-view.ts';
import { folderView, topologiesIn } from './folder-view.ts';

const MAX_RECORDS = 200;

export function addReport(program: Command): void {
  program
    .command('report')
    .description('write an HTML report of what a run has left in a folder')
    .argument('<dir>', 'folder of the outputs')
    .option('--topology <name>', 'when several topologies have written there')
    .option('--out <file>', 'default DIR/report.html')
    .action(async (dir: string, flags: { readonly topology?: string; readonly out?: string }) => {
      const known = await topologiesIn(dir);
      const name = flags.topology ?? known[0];
      if (name === undefined || !known.includes(name) || (flags.topology === undefined && known.length > 1))
        throw new ConfigError(`--topology: expected one of ${known.join(', ')}`, { code: 'topology-flag' });
      await writeReport(flags.out ?? join(dir, 'report.html'), await folderView(dir, name));
    });
}

/** What the console would show now, as one file that opens from disk. */
export async function writeReport(path: string, live: LiveView): Promise<void> {
  const content = { view: live.view(), records: live.samples.find({ limit: MAX_RECORDS }) };
  await writeFile(path, reportPage(await consoleAssets(), content));
  process.stderr.write(`\n  report\n    ${path}\n`);
}
