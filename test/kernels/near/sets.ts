import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { dataPath } from '../../data.ts';

/** A public set: records in order of arrival, their truth as pairs of positions, and what a user declares of it. */
export interface MatchSet {
  readonly name: string;
  readonly kind: 'text' | 'person' | 'product' | 'place' | 'publication';
  readonly fields: readonly string[];
  /** Field of the side, for two lists that are each free of duplicates. */
  readonly source?: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly truth: ReadonlySet<string>;
}

type Row = Readonly<Record<string, string>>;

/** Name of a pair of positions, whatever their order. */
export function pairOf(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

export function readArticles(size: 100 | 1000): MatchSet {
  const folder = dataPath('dedup/plagiarism-articles');
  const text =
    size === 100
      ? readFileSync(join(folder, 'articles_100.train'), 'utf8')
      : gunzipSync(readFileSync(join(folder, 'articles_1000.train.gz'))).toString('utf8');
  const rows = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ id: line.slice(0, line.indexOf(' ')), body: line.slice(line.indexOf(' ') + 1) }));
  const truth = readFileSync(join(folder, `articles_${size}.truth`), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/) as [string, string]);
  return { name: `articles_${size}`, kind: 'text', fields: ['body'], rows, truth: pairs(places(rows, 'id'), truth) };
}

export function readCora(): MatchSet {
  const rows = table('cora/cora.csv', { delimiter: '|', quote: null });
  const truth = readFileSync(dataPath('dedup/cora/cora_gt.csv'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split('|') as [string, string]);
  const fields = Object.keys(rows[0]!).filter((name) => name !== 'Entity Id' && name !== '');
  return { name: 'cora', kind: 'publication', fields, rows, truth: pairs(places(rows, 'Entity Id'), truth) };
}

/** `seed` shuffles the order of arrival; without it rows stand as in the file. */
export function readFebrl(set: 1 | 4): MatchSet {
  const files = set === 1 ? ['dataset1'] : ['dataset4a', 'dataset4b'];
  const rows = files.flatMap((file) =>
    table(`febrl/${file}.csv`).map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name.trim(), value.trim()])),
    ),
  ) as Row[];
  const fields = Object.keys(rows[0]!).filter((name) => name !== 'rec_id');
  return {
    name: `febrl${set}`,
    kind: 'person',
    fields,
    rows,
    truth: sameGroup(rows.map((row) => row.rec_id!.split('-')[1]!)),
  };
}

export function readSplink(): MatchSet {
  const rows = table('splink-fake1000/fake_1000.csv');
  const fields = ['first_name', 'surname', 'dob', 'city', 'email'];
  return { name: 'splink-fake1000', kind: 'person', fields, rows, truth: sameGroup(rows.map((row) => row.cluster!)) };
}

export function readRestaurants(): MatchSet {
  const side = (file: string, source: string): Row[] =>
    table(`fodors-zagats/${file}.csv`, { quote: "'", escape: '\\' }).map((row) => ({
      ...row,
      id: `${source}${row.id}`,
      source,
    }));
  const rows = [...side('fodors', 'f'), ...side('zagats', 'z')];
  const truth = table('fodors-zagats/matches_fodors_zagats.csv').map(
    (row) => [`f${row.fodors_id}`, `z${row.zagats_id}`] as [string, string],
  );
  const fields = ['name', 'addr', 'city', 'phone', 'type'];
  return {
    name: 'fodors-zagats',
    kind: 'place',
    fields,
    source: 'source',
    rows,
    truth: pairs(places(rows, 'id'), truth),
  };
}

export function readProducts(): MatchSet {
  const side = (file: string): Row[] =>
    table(`abt-buy/${file}.csv`, { delimiter: '|', quote: null }).map((row) => ({
      ...row,
      id: `${file}${row.id}`,
      source: file,
    }));
  const rows = [...side('abt'), ...side('buy')];
  const truth = table('abt-buy/gt.csv', { delimiter: '|' }).map(
    (row) => [`abt${row.D1}`, `buy${row.D2}`] as [string, string],
  );
  const fields = ['name', 'description', 'price'];
  return { name: 'abt-buy', kind: 'product', fields, source: 'source', rows, truth: pairs(places(rows, 'id'), truth) };
}

function table(file: string, options: object = {}): Row[] {
  return parse(readFileSync(dataPath(`dedup/${file}`)), {
    columns: true,
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    ...options,
  }) as unknown as Row[]; // `columns: true` gives objects of text
}

function places(rows: readonly Row[], id: string): ReadonlyMap<string, number> {
  return new Map(rows.map((row, i) => [row[id]!, i]));
}

function pairs(
  places: ReadonlyMap<string, number>,
  named: readonly (readonly [string, string])[],
): ReadonlySet<string> {
  return new Set(
    named.map(([a, b]) => {
      const [i, j] = [places.get(a), places.get(b)];
      if (i === undefined || j === undefined) throw new Error(`truth names ${a} and ${b}, and one of them is missing`);
      return pairOf(i, j);
    }),
  );
}

/** All pairs of positions with equal labels. */
export function sameGroup(labels: readonly string[]): ReadonlySet<string> {
  const groups = new Map<string, number[]>();
  for (const [i, label] of labels.entries()) {
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [i]);
    else group.push(i);
  }
  const found = new Set<string>();
  for (const group of groups.values())
    for (let i = 0; i < group.length; i++) for (let j = 0; j < i; j++) found.add(pairOf(group[i]!, group[j]!));
  return found;
}
