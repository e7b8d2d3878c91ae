import { readFileSync } from 'node:fs';
import { type Aggregate, type Ballots, TIE, type Vote } from '../../../src/kernels/vote/ballots.ts';
import { dataPath } from '../../data.ts';

/** The ten public sets, in the order of the reference table. */
export const SETS = [
  'bluebirds',
  'rte',
  'temp',
  'wsd',
  'dog',
  'web',
  'weather_cf',
  'sentiment_sp',
  'zencrowd_us',
  'adult2',
] as const;

export interface VoteSet {
  readonly name: string;
  readonly votes: readonly Vote[];
  readonly truth: ReadonlyMap<string, string>;
}

/** The files hold no quotes: split on commas. */
export function readRows(text: string): string[][] {
  return text
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(','));
}

export function readSet(name: string): VoteSet {
  const rows = readRows(readFileSync(dataPath(`vote/${name}/votes.csv`), 'utf8'));
  const truth = new Map<string, string>();
  for (const [item, label] of readRows(readFileSync(dataPath(`vote/${name}/truth.csv`), 'utf8')))
    truth.set(item!, label!);
  return { name, votes: rows.map(([item, voter, label]) => ({ item: item!, voter: voter!, label: label! })), truth };
}

/** Expected accuracy when ties for the first place are drawn by lot. */
export function accuracyOf(ballots: Ballots, { posterior }: Aggregate, truth: ReadonlyMap<string, string>): number {
  const k = ballots.labels.length;
  let right = 0;
  let known = 0;
  for (let i = 0; i < ballots.items.length; i++) {
    const gold = truth.get(String(ballots.items[i]));
    if (gold === undefined) continue;
    known++;
    let top = 0;
    for (let l = 0; l < k; l++) top = Math.max(top, posterior[i * k + l]!);
    let tied = 0;
    let hit = 0;
    for (let l = 0; l < k; l++)
      if (posterior[i * k + l]! > top - TIE) {
        tied++;
        if (ballots.labels[l] === gold) hit = 1;
      }
    right += hit / tied;
  }
  return right / known;
}

/** REFERENCE.csv as rows by set name. */
export function reference(): Map<string, Record<string, number>> {
  const [head, ...lines] = readFileSync(dataPath('vote/REFERENCE.csv'), 'utf8')
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  const names = head!.split(',');
  const rows = new Map<string, Record<string, number>>();
  for (const line of lines) {
    const cells = line.split(',');
    rows.set(
      cells[0]!,
      Object.fromEntries(names.slice(1).map((name, c) => [name, cells[c + 1] ? Number(cells[c + 1]) : Number.NaN])),
    );
  }
  return rows;
}
