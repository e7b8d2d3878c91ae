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
  readonly required?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
}

function page(operator: Operator): string {
  const config = operator.config as SchemaNode; // TypeBox schemas are JSON Schema
  const ports = operator.ports(operator.example).map((port) => `| \`${port.name}\` | ${port.fate} |`);
  const keys = Object.entries(config.properties ?? {}).map(([name, node]) => {
    const required =
      config.required?.includes(name) === true ? 'required' : node.default === undefined ? '' : code(node.default);
    return `| \`${name}\` | ${cell(shape(node))} | ${cell(required)} | ${cell(node.description ?? '')} |`;
  });
  return [
    `# ${operator.name}`,
    operator.summary,
    `Its state must see: **${operator.scope(operator.example)}** (for the example below).`,
    '## Example',
    `\`\`\`yaml\n- id: my-step\n  use: ${operator.name}\n  with: ${JSON.stringify(operator.example)}\n\`\`\``,
    '## Keys of `with`',
    keys.length === 0 ? 'None.' : `| key | type | default | meaning |\n|---|---|---|---|\n${keys.join('\n')}`,
    '## Ports',
    `| port | fate of a record that leaves by it |\n|---|---|\n${ports.join('\n')}`,
  ]
    .join('\n\n')
    .concat('\n');
}

function shape(node: SchemaNode): string {
  if (node.const !== undefined) return code(node.const);
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(shape))].join(' or ');
  if (node.type === 'array') return `list of ${shape(node.items ?? {})}`;
  return node.type ?? 'any';
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function cell(text: string): string {
  return text.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ');
}
