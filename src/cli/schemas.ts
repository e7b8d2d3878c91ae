import { readFileSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { ConfigError, FormatError } from '../core/errors.ts';
import { type Comparison, compareSchemas } from '../formats/avro/compare.ts';
import { parseAvro } from '../formats/avro/parse.ts';
import { EXIT } from './exit.ts';

const MAX_SCHEMA_BYTES = 1024 * 1024;

export function addSchemas(program: Command): void {
  const command = program.command('schemas').description('Avro schemas of inputs and outputs');
  command
    .command('check')
    .description(
      'say whether readers of one version can read what writers of the other have written; exit code 1 when not',
    )
    .argument('<old>', 'file of the schema that is in use')
    .argument('<new>', 'file of the schema that comes next')
    .option('--json', 'print one JSON object')
    .action((older: string, newer: string, flags: { readonly json?: boolean }) => {
      const comparison = compareSchemas(textOf(older), textOf(newer));
      process.stdout.write(flags.json === true ? `${JSON.stringify(comparison)}\n` : report(comparison));
      process.exitCode = comparison.compatibility === 'full' ? EXIT.ok : EXIT.failed;
    });
}

/** A schema that was looked at. */
function textOf(path: string): string {
  try {
    if (statSync(path).size > MAX_SCHEMA_BYTES) throw new Error(`it is larger than ${MAX_SCHEMA_BYTES} bytes`);
    const text = readFileSync(path, 'utf8');
    parseAvro(text);
    return text;
  } catch (cause) {
    if (cause instanceof FormatError) throw new ConfigError(`${path}: ${cause.message}`, { code: 'bad-schema', cause });
    throw new ConfigError(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      code: 'schema-file',
      cause,
    });
  }
}

function report({ compatibility, backward, forward }: Comparison): string {
  const lines = [`compatible: ${compatibility}`];
  if (backward.length > 0) lines.push('a reader of the new schema cannot read what was written with the old one:');
  for (const { path, message } of backward) lines.push(`  ${path === '' ? '' : `${path}: `}${message}`);
  if (forward.length > 0) lines.push('a reader of the old schema cannot read what is written with the new one:');
  for (const { path, message } of forward) lines.push(`  ${path === '' ? '' : `${path}: `}${message}`);
  return `${lines.join('\n')}\n`;
}
