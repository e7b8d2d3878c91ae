import { readFileSync, writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { ConfigError } from '../core/errors.ts';
import { compileField } from '../core/field.ts';
import { adviseThreshold, type ThresholdAdvice } from '../kernels/near/advise.ts';
import { findPairs, type NearPair, oneToOne } from '../kernels/near/find-pairs.ts';
import { NEAR_KINDS, type NearKind, PRESETS } from '../kernels/near/near-settings.ts';
import { parseJudgements, previewText } from './near/judgements.ts';
import { readTable, type TableFlags } from './near/read-table.ts';

interface NearFlags extends TableFlags {
  readonly kind: NearKind;
  readonly fields: readonly string[];
  readonly threshold?: number;
  readonly judgements?: string;
  readonly out?: string;
  readonly preview: number;
  readonly many?: boolean;
  readonly json?: boolean;
}

/** Pairs this far below the threshold are still looked at, so that judgements can move it down. */
const LOOKED_AT = 0.5;

export function addLink(program: Command): void {
  addFlags(program.command('link'))
    .description('match the records of two files that say the same in other words')
    .argument('<a>', 'file or folder (.ndjson .jsonl .json .csv .tsv, also .gz .zst)')
    .argument('<b>', 'another')
    .option('--many', 'a record may have several partners')
    .action(async (a: string, b: string, flags: NearFlags) => {
      const [left, right] = [await readTable(a, flags), await readTable(b, flags)];
      find([...left, ...right], flags, left.length);
    });
}

export function addDedupNear(program: Command): void {
  addFlags(program.command('dedup-near'))
    .description('find the records of a file that say the same in other words')
    .argument('<file>', 'file or folder (.ndjson .jsonl .json .csv .tsv, also .gz .zst)')
    .action(async (file: string, flags: NearFlags) => {
      find(await readTable(file, flags), flags, undefined);
    });
}

function addFlags(command: Command): Command {
  return command
    .addOption(new Option('--kind <kind>', 'what the records are').choices(NEAR_KINDS).makeOptionMandatory())
    .requiredOption('--fields <names>', 'fields that are compared, by commas; leave out ids', (text) => text.split(','))
    .addOption(
      new Option('--format <format>', 'how files without a known extension are written').choices(['json', 'csv']),
    )
    .option('--delimiter <char>', 'between the cells of csv')
    .option('--threshold <ratio>', 'similarity from which two records are a pair; default by kind', ratio)
    .option('--judgements <file>', 'judged pairs, which move the threshold: {"a": 0, "b": 3, "same": true} a line')
    .option('--preview <pairs>', 'pairs shown on each side of the threshold', Number, 5)
    .option('--out <file>', 'write the pairs as .ndjson')
    .option('--json', 'print one JSON object');
}

function ratio(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1))
    throw new ConfigError(`--threshold ${text}: expected a number above 0 and up to 1`, { code: 'near-threshold' });
  return value;
}

/** `second`: where the rows of the second file begin. */
function find(rows: readonly unknown[], flags: NearFlags, second: number | undefined): void {
  const isLink = second !== undefined && flags.many !== true;
  const preset = PRESETS[flags.kind];
  const usual = flags.threshold ?? (isLink ? preset.linkThreshold : preset.threshold);
  const slots = flags.fields.map((field) => compileField(field.trim()));
  const cells = rows.map((data) => slots.map((slot) => slot.get({ data } as never))); // slots read the data alone
  const options = { kind: flags.kind, least: usual * LOOKED_AT, ...(second === undefined ? {} : { second }) };
  const all = findPairs(cells, options);
  const pairs = isLink ? oneToOne(all) : all;
  const advice = flags.judgements === undefined ? undefined : advise(flags.judgements, pairs, second);
  const threshold = advice?.threshold ?? usual;
  const taken = pairs.filter(({ score }) => score >= threshold);
  const named = taken.map(({ a, b, score }) => ({ a, b: b - (second ?? 0), score: round(score) }));
  if (flags.out !== undefined) writeFileSync(flags.out, named.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  const report = {
    records: rows.length,
    candidates: pairs.length,
    threshold: round(threshold),
    pairs: named,
    ...(advice === undefined ? {} : { expected: { precision: round(advice.precision), recall: round(advice.recall) } }),
  };
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const lines = [
    `${rows.length} records, ${named.length} pairs at or above ${report.threshold}`,
    ...(report.expected === undefined
      ? []
      : [`expected precision ${report.expected.precision}, recall ${report.expected.recall} of the candidates`]),
  ];
  const shown = previewText(pairs, { threshold, count: flags.preview, textOf: (i) => cells[i]!.join(' · '), second });
  process.stdout.write(`${lines.join('\n')}\n\n${shown}`);
}

function advise(path: string, pairs: readonly NearPair[], second: number | undefined): ThresholdAdvice {
  const judged = parseJudgements(readFileSync(path, 'utf8'), { pairs, second });
  const advice = adviseThreshold(
    judged,
    pairs.map(({ score }) => score),
  );
  if (advice === undefined)
    throw new ConfigError(
      `${path}: ${judged.length} judgements are of candidate pairs; at least one that is the same and one that is not are needed`,
      { code: 'near-judgements' },
    );
  return advice;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
