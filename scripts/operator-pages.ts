import { stringify } from 'yaml';
import type { Operator } from '../src/core/operator.ts';
import { operators } from '../src/operators/index.ts';

/** The reference: docs/operators/<name>.md and an index, made from the operators' own schemas. */
export function operatorPages(): { path: string; content: string }[] {
  const sorted = [...operators].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    { path: 'docs/operators/README.md', content: index(sorted) },
    ...sorted.map((operator) => ({ path: `docs/operators/${operator.name}.md`, content: page(operator) })),
  ];
}

function index(sorted: readonly Operator[]): string {
  const rows = sorted.map((operator) => `| [\`${operator.name}\`](${operator.name}.md) | ${operator.summary} |`);
  return `# Operators\n\nGenerated from the operators' schemas by \`npm run generate\`.\n\n| use | what it does |\n|---|---|\n${rows.join('\n')}\n`;
}

interface SchemaNode {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
}

/** Objects with fewer keys are written into the cell of their key. */
const MIN_SECTION_KEYS = 4;

function page(operator: Operator): string {
  const config = operator.config as SchemaNode; // TypeBox schemas are JSON Schema
  const ports = operator.ports(operator.example).map((port) => `| \`${port.name}\` | ${port.fate} |`);
  const example = stringify([{ id: 'my-step', use: operator.name, with: operator.example }]);
  const sections = new Map<string, readonly [string, SchemaNode]>();
  for (const [name, node] of Object.entries(config.properties ?? {})) collectSections(name, node, sections);
  return [
    `# ${operator.name}`,
    operator.summary,
    `Its state must see: **${operator.scope(operator.example)}** (for the example below).`,
    '## Example',
    `\`\`\`yaml\n${example}\`\`\``,
    '## Keys of `with`',
    Object.keys(config.properties ?? {}).length === 0 ? 'None.' : keyTable(config),
    ...[...sections.values()].flatMap(([path, node]) => [`### Keys of \`${path}\``, keyTable(node)]),
    '## Ports',
    `| port | fate of a record that leaves by it |\n|---|---|\n${ports.join('\n')}`,
  ]
    .join('\n\n')
    .concat('\n');
}

function keyTable(node: SchemaNode): string {
  const rows = Object.entries(node.properties ?? {}).map(([name, value]) => {
    const need = node.required?.includes(name) === true ? 'required' : '';
    const filler = value.default === undefined ? need : code(value.default);
    return `| \`${name}\` | ${cell(shape(value))} | ${cell(filler)} | ${cell(value.description ?? '')} |`;
  });
  return `| key | type | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}`;
}

/** Objects below a key that have a table of their own; one that repeats (groups in groups) is shown where it first stands. */
function collectSections(path: string, node: SchemaNode, found: Map<string, readonly [string, SchemaNode]>): void {
  if (node.properties !== undefined) {
    const names = Object.keys(node.properties);
    const isShown = [...found.values()].some(([, other]) => names.every((name) => name in (other.properties ?? {})));
    if (names.length >= MIN_SECTION_KEYS && !isShown) found.set(path, [path, node]);
    for (const [name, child] of Object.entries(node.properties)) collectSections(`${path}.${name}`, child, found);
  }
  if (node.items !== undefined) collectSections(`${path}[]`, node.items, found);
  for (const child of Object.values(node.patternProperties ?? {})) collectSections(`${path}.<name>`, child, found);
  for (const child of node.anyOf ?? []) collectSections(path, child, found);
}

function shape(node: SchemaNode): string {
  if (node.const !== undefined) return typeof node.const === 'string' ? `\`${node.const}\`` : code(node.const);
  if (node.anyOf !== undefined) {
    const separator = node.anyOf.every((one) => one.const !== undefined) ? ', ' : ' or ';
    return [...new Set(node.anyOf.map(shape))].join(separator);
  }
  if (node.type === 'array') return `list of ${shape(node.items ?? {})}`;
  const [values] = Object.values(node.patternProperties ?? {});
  if (values !== undefined) return `map of ${shape(values)}`;
  if (node.properties !== undefined) return objectShape(node);
  return node.type ?? 'any';
}

function objectShape({ properties = {}, required = [] }: SchemaNode): string {
  const names = Object.keys(properties);
  if (names.length === 0) return 'map';
  if (names.length >= MIN_SECTION_KEYS) return 'map (keys below)';
  return `\`{ ${names.map((name) => (required.includes(name) ? name : `${name}?`)).join(', ')} }\``;
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function cell(text: string): string {
  return text.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ');
}
