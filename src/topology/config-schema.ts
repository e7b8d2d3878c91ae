import type { TSchema } from '@sinclair/typebox';
import type { Operator } from '../core/operator.ts';
import { StepSchema, TopologySchema } from './schema.ts';
import type { OperatorRegistry } from './validate.ts';

/** JSON Schema (draft 2020-12) of a topology file, for editors: `use:` decides what `with:` takes. */
export function topologySchema(operators: OperatorRegistry): Readonly<Record<string, unknown>> {
  const sorted = [...operators.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const file = plain(TopologySchema);
  const properties = file.properties as Record<string, Record<string, unknown>>; // the schema of a map
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...file,
    properties: { ...properties, steps: { ...properties.steps, items: { $ref: '#/$defs/step' } } },
    $defs: {
      step: stepSchema(sorted),
      ...Object.fromEntries(sorted.map((operator) => [`with-${operator.name}`, withSchema(operator)])),
    },
  };
}

function stepSchema(operators: readonly Operator[]): Readonly<Record<string, unknown>> {
  const step = plain(StepSchema);
  const properties = step.properties as Record<string, unknown>; // the schema of a map
  const use = { enum: operators.map((operator) => operator.name), description: 'Operator.' };
  const branches = operators.map((operator) => ({
    if: { properties: { use: { const: operator.name } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { with: { $ref: `#/$defs/with-${operator.name}` } } },
  }));
  return { ...step, properties: { ...properties, use }, allOf: branches };
}

function withSchema(operator: Operator): Readonly<Record<string, unknown>> {
  return { description: operator.summary, ...plain(operator.config), examples: [operator.example] };
}

/** Without TypeBox's symbols and our own keywords; a key with a default may be left out. */
function plain(schema: TSchema): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(schema, (key: string, value: unknown) => {
      if ((key === 'unit' || key === 'form' || key === 'secret') && typeof value !== 'object') return undefined;
      return isObjectSchema(value)
        ? { ...value, required: value.required.filter((name) => !hasDefault(value, name)) }
        : value;
    }),
  ) as Record<string, unknown>; // a schema is a map
}

interface ObjectSchema {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
}

function isObjectSchema(value: unknown): value is ObjectSchema {
  if (value === null || typeof value !== 'object') return false;
  return (
    'type' in value &&
    value.type === 'object' &&
    'properties' in value &&
    'required' in value &&
    Array.isArray(value.required)
  );
}

function hasDefault(schema: ObjectSchema, name: string): boolean {
  const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
  return property !== null && typeof property === 'object' && 'default' in property;
}
