import { type TSchema, Type } from '@sinclair/typebox';
import type { Codec } from '../../src/core/codec.ts';
import type { FieldUse, Operator, PortSpec, Scope } from '../../src/core/operator.ts';
import { DURATION_PATTERN } from '../../src/core/units.ts';
import { lintTopology, type PlanOptions, parseTopology, planTopology } from '../../src/topology/index.ts';

/** Small operators with the outlines of real ones, so that planning is tested apart from what operators do. */

const closed = { additionalProperties: false } as const;
const OUT: PortSpec = { name: 'out', fate: 'pass' };
const REJECTED: PortSpec = { name: 'rejected', fate: 'quarantined' };

interface Outline {
  readonly name: string;
  readonly config: TSchema;
  readonly ports?: readonly PortSpec[] | ((config: Config) => readonly PortSpec[]);
  readonly scope?: Scope | ((config: Config) => Scope);
  readonly keys?: (config: Config) => readonly string[];
  readonly fields?: (config: Config) => FieldUse;
  readonly validate?: NonNullable<Operator['validate']>;
  readonly needsClock?: NonNullable<Operator['needsClock']>;
}

/** Tests read their own literal configurations. */
interface Config {
  readonly key?: readonly string[];
  readonly set?: readonly string[];
  readonly rename?: Readonly<Record<string, string>>;
  readonly scope?: Scope;
  readonly window?: unknown;
  readonly routes?: Readonly<Record<string, string>>;
  readonly item?: string;
}

function operator(outline: Outline): Operator {
  const { name, config, ports = [OUT], scope = 'none', keys, fields, validate, needsClock } = outline;
  const asConfig = (value: unknown) => value as Config; // checked by the schema of each
  return {
    name,
    summary: `The outline of ${name}.`,
    config,
    example: {},
    ports: (value) => (typeof ports === 'function' ? ports(asConfig(value)) : ports),
    scope: (value) => (typeof scope === 'function' ? scope(asConfig(value)) : scope),
    ...(keys === undefined ? {} : { keys: (value: unknown) => keys(asConfig(value)) }),
    ...(fields === undefined ? {} : { fields: (value: unknown) => fields(asConfig(value)) }),
    ...(validate === undefined ? {} : { validate }),
    ...(needsClock === undefined ? {} : { needsClock }),
    create: () => ({ process: () => {} }),
  };
}

const Window = Type.Union([
  Type.Literal('all'),
  Type.String({ pattern: DURATION_PATTERN }),
  Type.Object({ records: Type.Integer({ minimum: 1 }) }, closed),
]);
const Fields = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 });

const Rule = Type.Object(
  {
    name: Type.Optional(Type.String()),
    field: Type.String(),
    required: Type.Optional(Type.Boolean()),
    between: Type.Optional(Type.Array(Type.Union([Type.Number(), Type.String()]), { minItems: 2, maxItems: 2 })),
    max: Type.Optional(Type.Union([Type.Number(), Type.Object({ field: Type.String() }, closed)])),
    severity: Type.Optional(Type.Union([Type.Literal('error'), Type.Literal('warn'), Type.Literal('info')])),
  },
  closed,
);

const Unit = Type.Union([
  Type.Literal('trim'),
  Type.Literal('lower-case'),
  Type.Object({ 'parse-date': Type.Array(Type.String(), { minItems: 1 }) }, closed),
  Type.Object({ round: Type.Integer({ minimum: 0, maximum: 12 }) }, closed),
]);

export const literalOperators: ReadonlyMap<string, Operator> = new Map(
  [
    operator({
      name: 'tidy',
      config: Type.Object(
        {
          set: Type.Optional(Fields),
          rename: Type.Optional(Type.Record(Type.String(), Type.String())),
          fields: Type.Optional(Type.Record(Type.String(), Type.Array(Unit))),
          mode: Type.Union([Type.Literal('repair'), Type.Literal('flag')], { default: 'repair' }),
          secret: Type.Optional(Type.String({ secret: true })),
        },
        closed,
      ),
      fields: (config) => ({
        reads: config.set ?? [],
        writes: config.set ?? [],
        renames: Object.entries(config.rename ?? {}),
      }),
    }),
    operator({
      name: 'sane',
      config: Type.Object({ rules: Type.Array(Rule, { minItems: 1 }) }, closed),
      ports: [OUT, REJECTED],
      validate: (config) =>
        (config as { rules: readonly { field: string }[] }).rules.flatMap(
          (
            rule,
            index, // checked by the schema
          ) =>
            rule.field === 'a-b'
              ? [
                  {
                    path: ['rules', index, 'field'],
                    message: '`record.a-b` is a difference; write record["a-b"]',
                    level: 'warn' as const,
                    code: 'cel-minus',
                  },
                ]
              : [],
        ),
    }),
    operator({
      name: 'once',
      config: Type.Object(
        {
          key: Fields,
          window: Type.Union(Window.anyOf, { default: '1h' }),
          keep: Type.Optional(Type.Union([Type.Literal('first'), Type.Literal('last')])),
        },
        closed,
      ),
      ports: [OUT, { name: 'duplicates', fate: 'duplicate' }, { name: 'late', fate: 'late' }],
      scope: 'key',
      keys: (config) => config.key ?? [],
      fields: (config) => ({ reads: config.key ?? [] }),
      needsClock: (config) => {
        const window = (config as Config).window; // checked by the schema
        return typeof window === 'string' && window !== 'all' ? ['window'] : undefined;
      },
    }),
    operator({
      name: 'ballot',
      config: Type.Object({ item: Type.String({ default: 'item' }) }, closed),
      ports: [
        { name: 'out', fate: 'derived' },
        { name: 'undecided', fate: 'derived' },
      ],
      scope: 'key',
      keys: (config) => [config.item ?? 'item'],
    }),
    operator({
      name: 'repair',
      config: Type.Object(
        { scope: Type.Optional(Type.Union([Type.Literal('partition'), Type.Literal('topic')])) },
        closed,
      ),
      scope: (config) => config.scope ?? 'partition',
    }),
    operator({
      name: 'route',
      config: Type.Object({ routes: Type.Record(Type.String(), Type.String()) }, closed),
      ports: (config) => [OUT, ...Object.keys(config.routes ?? {}).map((name): PortSpec => ({ name, fate: 'pass' }))],
    }),
    operator({
      name: 'repartition',
      config: Type.Object({ key: Fields, partitions: Type.Optional(Type.Integer()) }, closed),
      fields: (config) => ({ reads: config.key ?? [] }),
    }),
  ].map((one) => [one.name, one]),
);

export const literalFormats = (format: string): Codec => {
  if (format === 'avro') throw new Error('needs a registry');
  return { name: format, decode: () => null, encode: () => null };
};

const options: PlanOptions = { operators: literalOperators, formats: literalFormats };

/** Text without the indentation of the test. */
export function yaml(text: string): string {
  const lines = text.replace(/^\n/, '').trimEnd().split('\n');
  const indent = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
  return `${lines.map((line) => line.slice(indent)).join('\n')}\n`;
}

export function parse(text: string) {
  return parseTopology(yaml(text), { file: 't.yaml', folder: '/nowhere' });
}

export function plan(text: string, more: Partial<PlanOptions> = {}) {
  return planTopology(parse(text), { ...options, ...more });
}

export function lint(text: string, more: Partial<PlanOptions> = {}) {
  return lintTopology(parse(text), { ...options, ...more });
}
