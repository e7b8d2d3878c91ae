import type { QueryGroup, QueryLog } from '../../kernels/query/index.ts';
import { count, plain } from '../progress.ts';

export interface ReportOptions {
  readonly top: number;
  /** Least different literals of one shape that look like a loop of queries. */
  readonly nPlusOne: number;
}

export interface GroupReport {
  readonly executions: number;
  readonly avoidable: number;
  readonly ms: number | undefined;
  readonly avoidableMs: number | undefined;
  readonly example: string;
  /** Other spellings of the same question. */
  readonly alsoWritten: readonly string[];
  /** There are more than are shown. */
  readonly moreSpellings: boolean;
  /** What made the spellings differ: rewrites, or `spelling` (white space, case, comments). */
  readonly differed: readonly string[];
  readonly tables: readonly string[];
  readonly unknownParameters: boolean;
}

export interface ShapeReport {
  readonly executions: number;
  readonly values: number;
  readonly longestRun: number;
  readonly ms: number | undefined;
  readonly example: string;
  readonly unknownParameters: boolean;
}

export interface LogReport {
  readonly executions: number;
  /** Executions that could be told apart; the rest is in `bypassed`. */
  readonly recognized: number;
  readonly distinct: number;
  readonly repeated: number;
  readonly avoidable: { readonly executions: number; readonly ratio: number; readonly ms: number | undefined };
  readonly totalMs: number | undefined;
  /** Repeated executions whose parameters the log does not hold: they may differ. */
  readonly unknownParameters: number;
  readonly bypassed: Readonly<Record<string, number>>;
  readonly unreadable: number;
  readonly groups: readonly GroupReport[];
  readonly nPlusOne: readonly ShapeReport[];
  readonly groupsForgotten: number;
  readonly sessionsForgotten: number;
}

/** Sums and the groups worth looking at. */
export function reportOf(
  log: QueryLog,
  read: { readonly unreadable: number; readonly sessionsForgotten: number },
  options: ReportOptions,
): LogReport {
  const groups = [...log.groups.values()];
  const bypassed = [...log.bypassed].sort(([, a], [, b]) => b - a);
  const recognized = log.executions - bypassed.reduce((sum, [, n]) => sum + n, 0);
  const avoidable = groups.reduce((sum, group) => sum + group.avoidable, 0);
  const ms = (value: number) => (log.timed ? Math.round(value * 1000) / 1000 : undefined);
  const top = groups
    .filter((group) => group.executions > 1)
    .sort((a, b) => b.avoidableMs - a.avoidableMs || b.avoidable - a.avoidable || b.executions - a.executions)
    .slice(0, options.top);
  return {
    executions: log.executions,
    recognized,
    distinct: log.distinct,
    repeated: recognized - log.distinct,
    avoidable: {
      executions: avoidable,
      ratio: log.executions === 0 ? 0 : avoidable / log.executions,
      ms: ms(groups.reduce((sum, group) => sum + group.avoidableMs, 0)),
    },
    totalMs: ms(log.ms),
    unknownParameters: groups.reduce((sum, one) => sum + (one.unknownParameters ? one.executions - 1 : 0), 0),
    bypassed: Object.fromEntries(bypassed),
    unreadable: read.unreadable,
    groups: top.map((group) => ({
      executions: group.executions,
      avoidable: group.avoidable,
      ms: ms(group.ms),
      avoidableMs: ms(group.avoidableMs),
      example: group.spellings[0] ?? '',
      alsoWritten: group.spellings.slice(1),
      moreSpellings: group.moreSpellings,
      differed: differences(group),
      tables: group.tables,
      unknownParameters: group.unknownParameters,
    })),
    nPlusOne: shapesOf(log, options, ms),
    groupsForgotten: log.forgotten,
    sessionsForgotten: read.sessionsForgotten,
  };
}

/** Rewrites that some spellings needed and others did not. */
function differences({ spellings, rewrites, common }: QueryGroup): string[] {
  if (spellings.length < 2) return [];
  const some = [...rewrites].filter((rewrite) => !common.has(rewrite)).sort();
  return some.length === 0 ? ['spelling'] : some;
}

function shapesOf(log: QueryLog, options: ReportOptions, ms: (value: number) => number | undefined): ShapeReport[] {
  return [...log.shapes.values()]
    .filter(({ values, executions, unknownParameters, example }) => {
      const many = unknownParameters ? executions : values;
      return many >= options.nPlusOne && /\bwhere\b/i.test(example);
    })
    .sort((a, b) => b.executions - a.executions)
    .slice(0, options.top)
    .map(({ executions, values, longestRun, example, unknownParameters, ms: time }) => ({
      executions,
      values,
      longestRun,
      ms: ms(time),
      example,
      unknownParameters,
    }));
}

const EXAMPLE_CHARS = 300;

/** The report for people. */
export function reportText(name: string, report: LogReport): string {
  const { avoidable, totalMs } = report;
  const lines = [
    `${plain(name)}: ${count(report.executions)} executions, ${count(report.distinct)} distinct, ${count(report.repeated)} repeated`,
    `  avoidable  ${count(avoidable.executions)} executions (${(100 * avoidable.ratio).toFixed(1)} %)${
      avoidable.ms === undefined ? '' : `, ${seconds(avoidable.ms)} of ${seconds(totalMs ?? 0)}`
    }`,
  ];
  if (report.unknownParameters > 0)
    lines.push(`  unknown    ${count(report.unknownParameters)} repetitions whose parameters the log does not hold`);
  const bypassed = Object.entries(report.bypassed);
  if (bypassed.length > 0)
    lines.push(`  bypassed   ${bypassed.map(([reason, n]) => `${reason} ${count(n)}`).join(', ')}`);
  if (report.unreadable > 0) lines.push(`  unreadable ${count(report.unreadable)} records`);
  if (report.groupsForgotten > 0)
    lines.push(
      `  forgotten  ${count(report.groupsForgotten)} questions beyond the bound of groups: figures are too small`,
    );
  if (report.sessionsForgotten > 0)
    lines.push(`  forgotten  ${count(report.sessionsForgotten)} sessions with their settings`);
  if (report.groups.length > 0) lines.push('', '  repeated');
  for (const group of report.groups) lines.push(...groupLines(group));
  if (report.nPlusOne.length > 0) lines.push('', '  likely N+1: one shape, other literals (never taken for one)');
  for (const shape of report.nPlusOne) {
    const values = shape.unknownParameters ? 'unknown values' : `${count(shape.values)} values`;
    lines.push(
      `    ${count(shape.executions)} × with ${values}, ${count(shape.longestRun)} in a row${time(shape.ms)}`,
      `      ${short(shape.example)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function groupLines(group: GroupReport): string[] {
  const differed = group.differed.length === 0 ? '' : `  differed by: ${group.differed.join(', ')}`;
  const saved = group.unknownParameters ? 'parameters unknown' : `${count(group.avoidable)} avoidable`;
  return [
    `    ${count(group.executions)} × ${saved}${time(group.avoidableMs)}${differed}`,
    `      ${short(group.example)}`,
    ...group.alsoWritten.slice(0, 1).map((text) => `      also: ${short(text)}`),
  ];
}

function time(ms: number | undefined): string {
  return ms === undefined ? '' : `, ${seconds(ms)}`;
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function short(text: string): string {
  const line = plain(text.replace(/\s+/g, ' ').trim());
  return line.length <= EXAMPLE_CHARS ? line : `${line.slice(0, EXAMPLE_CHARS)}…`;
}
