import { writeFile } from 'node:fs/promises';
import { consoleAssets } from '../http/console/assets.ts';
import { reportPage } from '../http/console/pages.ts';
import type { LiveView } from '../telemetry/live-view.ts';

const MAX_RECORDS = 200;

/** What the console would show now, as one file that opens from disk. */
export async function writeReport(path: string, live: LiveView): Promise<void> {
  const content = { view: live.view(), records: live.samples.find({ limit: MAX_RECORDS }) };
  await writeFile(path, reportPage(await consoleAssets(), content));
  process.stderr.write(`report: ${path}\n`);
}
