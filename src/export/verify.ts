import { readdir, stat } from 'node:fs/promises';
import { MANIFEST_FILE, readExportManifest } from './manifest.ts';
import { sha256Of } from './sha256.ts';

/** What in a folder is not as its manifest says; empty: all of it is. Throws ConfigError where there is no export. */
export async function verifyExport(folder: string): Promise<readonly string[]> {
  const { files, counts } = await readExportManifest(folder);
  const problems: string[] = [];
  const found = new Set(await readdir(folder));
  for (const { name, bytes, sha256 } of files) {
    if (!found.delete(name)) {
      problems.push(`${name} is missing`);
      continue;
    }
    const { size } = await stat(`${folder}/${name}`);
    if (size !== bytes) problems.push(`${name} has ${size} bytes instead of ${bytes}`);
    else if ((await sha256Of(`${folder}/${name}`)) !== sha256) problems.push(`${name} has another SHA-256`);
  }
  found.delete(MANIFEST_FILE);
  for (const name of found) problems.push(`${name} is not in the manifest`);
  const records = files
    .filter(({ name }) => /^part-\d+\.ndjson$/.test(name))
    .reduce((sum, file) => sum + file.records, 0);
  if (records !== counts.records) problems.push(`its files hold ${records} records, its counts say ${counts.records}`);
  return problems;
}
