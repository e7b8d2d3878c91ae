import type { Source } from './collect.ts';
import type { Suggestion } from './suggest.ts';

export interface TopologyNames {
  /** Name of the topology, and first part of its topics. */
  readonly name: string;
  /** What was profiled, for the comment at the top. */
  readonly file: string;
  readonly records: number;
  readonly source: Pick<Source, 'format' | 'delimiter'>;
  readonly isCsv: boolean;
}

/** The suggestion as a topology file: every line says what share of the records passes it, or is changed by it. */
export function renderTopology(suggestion: Suggestion, names: TopologyNames): string {
  const { name, source } = names;
  const lines = [
    `# Suggested by \`sluice profile ${names.file}\` from ${names.records} records. Nothing of it is in use: read it, change it, keep what is right.`,
    '# Beside a rule stands the share of the records that pass it, beside a cleaning step the share of the values it changes.',
    `name: ${name}`,
    'input:',
    `  topic: ${name}.raw`,
    `  format: ${names.isCsv ? 'csv' : source.format}`,
    ...csvLines(suggestion, names),
    'steps:',
    ...cleaningLines(suggestion),
    ...ruleLines(suggestion),
    ...keyLines(suggestion),
    ...dependencyLines(suggestion),
    `output: { topic: ${name}.curated }`,
  ];
  return `${lines.map((line) => (line === 'steps:' && isEmpty(suggestion) ? 'steps: []' : line)).join('\n')}\n`;
}

function isEmpty({ cleaning, rules, keys }: Suggestion): boolean {
  return cleaning.every(({ steps }) => steps.length === 0) && rules.length === 0 && dedupKey(keys) === undefined;
}

function csvLines({ cleaning }: Suggestion, { source, isCsv }: TopologyNames): readonly string[] {
  if (!isCsv) return [];
  const typed = cleaning.filter(({ csvType }) => csvType !== undefined);
  const delimiter = source.delimiter === undefined ? [] : [`    delimiter: ${scalar(source.delimiter)}`];
  const columns = typed.map(({ field, csvType }) => `      ${scalar(field)}: ${csvType}`);
  if (delimiter.length + columns.length === 0) return [];
  return ['  csv:', ...delimiter, ...(columns.length > 0 ? ['    columns:', ...columns] : [])];
}

function cleaningLines({ cleaning }: Suggestion): readonly string[] {
  const fields = cleaning.filter(({ steps }) => steps.length > 0);
  if (fields.length === 0) return [];
  return [
    '  - id: tidy',
    '    use: clean',
    '    with:',
    '      fields:',
    ...fields.flatMap(({ field, steps, why, changes }) => [
      `        ${scalar(field)}: # changes ${share(changes)}: ${comment(why.join('; '))}`,
      ...steps.map((step) => `          - ${flow(step)}`),
    ]),
  ];
}

function ruleLines({ rules, passes }: Suggestion): readonly string[] {
  if (rules.length === 0) return [];
  return [
    `  - id: sane # all rules together: ${share(passes)} of the records pass`,
    '    use: check',
    '    with:',
    '      rules:',
    ...rules.map((one) => `        - ${flow(one.rule)} # ${share(one.passes)}`),
  ];
}

/** Text that was not made to tell records apart is no key, even when it does. */
function dedupKey(keys: Suggestion['keys']): readonly string[] | undefined {
  return keys.find(({ isLikely }) => isLikely)?.fields;
}

function keyLines({ keys }: Suggestion): readonly string[] {
  const key = dedupKey(keys);
  const others = keys.filter(({ fields }) => fields !== key).map(({ fields }) => `[${fields.map(scalar).join(', ')}]`);
  const comments = others.length === 0 ? [] : [`  # unique too: ${comment(others.join(', '))}`];
  if (key === undefined) return comments;
  return [
    '  - id: once # no two records have the same: 1.000',
    '    use: dedup',
    `    with: { key: [${key.map(scalar).join(', ')}], window: { records: 1M } }`,
    ...comments,
  ];
}

function dependencyLines({ dependencies }: Suggestion): readonly string[] {
  if (dependencies.length === 0) return [];
  return [
    '  # Candidate dependencies (share of the records that keep them); `repair` takes the true ones:',
    ...dependencies.map(({ from, to, confidence }) => `  #   ${comment(`${from} => ${to}`)}: ${share(confidence)}`),
  ];
}

function share(value: number): string {
  return value.toFixed(3);
}

/** A comment ends with its line, and must not hold what a terminal obeys. */
function comment(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '')
    .slice(0, 200);
}

const PLAIN = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/** JSON texts are YAML texts; plain words need no quotes. */
function scalar(value: unknown): string {
  return typeof value === 'string' && PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value);
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (value === null || typeof value !== 'object') return scalar(value);
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${scalar(key)}: ${flow(inner)}`)
    .join(', ')} }`;
}
