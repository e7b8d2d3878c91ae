import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/**
 * Follows a page of docs/ word for word in `folder`: blocks with `file=<name>` are saved, commands of `console` blocks are run, and
 * each line below a command must be in its output, in order (white space counts as one blank; `exit N` is the exit code).
 * Gives the number of commands.
 */
export function follow(page: string, folder: string): number {
  let commands = 0;
  for (const [, info = '', body = ''] of readFileSync(join(root, page), 'utf8').matchAll(
    /^```([^\n]*)\n([\s\S]*?)^```$/gm,
  )) {
    const file = /file=(\S+)/.exec(info)?.[1];
    if (file !== undefined) writeFileSync(join(folder, file), body);
    if (!info.startsWith('console')) continue;
    for (const part of body.split(/^\$ /m).slice(1)) {
      commands++;
      runOne(part, folder);
    }
  }
  return commands;
}

function runOne(part: string, folder: string): void {
  const [command = '', ...expected] = part.trimEnd().split('\n');
  const sluice = `'${process.execPath}' '${join(root, 'src', 'cli', 'main.ts')}'`;
  const result = spawnSync('sh', ['-c', `${command.replace(/^npx sluice/, sluice)} 2>&1`], {
    cwd: folder,
    encoding: 'utf8',
  });
  let output = squeeze(result.stdout);
  let exit = 0;
  for (const line of expected.map(squeeze).filter((text) => text !== '')) {
    const code = /^exit (\d+)$/.exec(line);
    if (code !== null) {
      exit = Number(code[1]);
      continue;
    }
    const at = output.indexOf(line);
    expect(at, `$ ${command}\nexpected: ${line}\nin what is left of the output:\n${output}`).toBeGreaterThanOrEqual(0);
    output = output.slice(at + line.length);
  }
  expect(result.status, `$ ${command}\n${result.stdout}`).toBe(exit);
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
