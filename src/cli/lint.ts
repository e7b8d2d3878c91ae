import type { Command } from 'commander';
import { ConfigError } from '../core/errors.ts';
import { createFormats } from '../formats/index.ts';
import { formatIssue, lintTopology } from '../topology/index.ts';
import { EXIT } from './exit.ts';
import { load } from './load.ts';
import { readSchemaFile } from './registry.ts';

export function addLint(program: Command): void {
  program
    .command('lint')
    .description('say what is wrong or unwise in topology files, with place and remedy')
    .argument('<topology...>')
    .action(async (paths: readonly string[]) => {
      let worst: number = EXIT.ok;
      for (const path of paths) worst = Math.max(worst, await lint(path));
      process.exitCode = worst;
    });
}

async function lint(path: string): Promise<number> {
  try {
    const { topology, operators } = await load(path);
    const readFile = (file: string) => readSchemaFile(topology.folder, file);
    const formats = createFormats({ connection: () => undefined, readFile });
    const issues = lintTopology(topology, { operators, formats });
    for (const issue of issues) process.stdout.write(`${formatIssue(issue)}\n`);
    if (issues.some((issue) => issue.level === 'error')) return EXIT.usage;
    process.stdout.write(
      `${path}: ok${issues.length > 0 ? `, ${issues.length} warning${issues.length === 1 ? '' : 's'}` : ''}\n`,
    );
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stdout.write(`${error.message}\n`);
    return EXIT.usage;
  }
}
