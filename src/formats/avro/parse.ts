import avro from 'avsc';
import { FormatError } from '../../core/errors.ts';
import type { AvroField, AvroType, Logical, LogicalName, PrimitiveKind } from './types.ts';

type Json = Readonly<Record<string, unknown>>;
type Building = { -readonly [K in 'fields']: AvroField[] };

const PRIMITIVES: ReadonlySet<unknown> = new Set<PrimitiveKind>([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'string',
  'bytes',
]);

/** What each logical type may stand on; on anything else the specification asks to ignore it. */
const LOGICAL_ON: Readonly<Record<string, readonly string[]>> = {
  decimal: ['bytes', 'fixed'],
  uuid: ['string', 'fixed'],
  date: ['int'],
  'time-millis': ['int'],
  'time-micros': ['long'],
  'timestamp-millis': ['long'],
  'timestamp-micros': ['long'],
  'timestamp-nanos': ['long'],
  'local-timestamp-millis': ['long'],
  'local-timestamp-micros': ['long'],
  'local-timestamp-nanos': ['long'],
};
const UUID_BYTES = 16;

/**
 * An Avro schema (1.12) from its JSON; `references` are schemas whose names it uses, those they use before them. Throws
 * FormatError `bad-schema`. avsc says whether the schema is one; what a value means is ours.
 */
export function parseAvro(text: string, references: readonly string[] = []): AvroType {
  const registry = {};
  const names = new Map<string, AvroType>();
  try {
    let type: AvroType | undefined;
    for (const source of [...references, text]) {
      const json: unknown = JSON.parse(source);
      avro.Type.forSchema(json as Parameters<typeof avro.Type.forSchema>[0], { registry, omitRecordMethods: true }); // it says what is wrong
      type = build(json, '', names);
    }
    return type as AvroType; // the list is not empty
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(`not an Avro schema: ${cause instanceof Error ? cause.message : String(cause)}`, {
      code: 'bad-schema',
      cause,
    });
  }
}

function build(schema: unknown, namespace: string, names: Map<string, AvroType>): AvroType {
  if (typeof schema === 'string') return named(schema, namespace, names);
  if (Array.isArray(schema))
    return { kind: 'union', branches: schema.map((branch) => build(branch, namespace, names)) };
  const json = schema as Json; // avsc has looked at it
  switch (json.type) {
    case 'record':
    case 'error':
      return buildRecord(json, namespace, names);
    case 'enum': {
      const common = nameOf(json, namespace);
      const fallback = typeof json.default === 'string' ? { default: json.default } : {};
      return define(names, { kind: 'enum', ...common, symbols: json.symbols as string[], ...fallback });
    }
    case 'fixed': {
      const size = Number(json.size);
      return define(names, { kind: 'fixed', ...nameOf(json, namespace), size, ...logicalOf(json, 'fixed', size) });
    }
    case 'array':
      return { kind: 'array', items: build(json.items, namespace, names) };
    case 'map':
      return { kind: 'map', values: build(json.values, namespace, names) };
    default:
      if (PRIMITIVES.has(json.type)) {
        const kind = json.type as PrimitiveKind; // the set has it
        return { kind, ...logicalOf(json, kind, 0) };
      }
      return build(json.type, namespace, names);
  }
}

function named(name: string, namespace: string, names: ReadonlyMap<string, AvroType>): AvroType {
  if (PRIMITIVES.has(name)) return { kind: name as PrimitiveKind }; // the set has it
  const type = names.get(qualified(name, namespace)) ?? names.get(name);
  if (type === undefined)
    throw new FormatError(`the schema names ${name}, which it does not define`, { code: 'bad-schema' });
  return type;
}

function buildRecord(json: Json, namespace: string, names: Map<string, AvroType>): AvroType {
  const common = nameOf(json, namespace);
  const record = { kind: 'record' as const, ...common, fields: [] as AvroField[] };
  define(names, record); // before its fields: they may speak of it
  const inner = common.name.includes('.') ? common.name.slice(0, common.name.lastIndexOf('.')) : '';
  const open: Building = record;
  for (const field of json.fields as readonly Json[]) {
    const name = String(field.name);
    if (name === '__proto__') throw new FormatError('a field may not be called __proto__', { code: 'bad-schema' });
    open.fields.push({
      name,
      aliases: (field.aliases as readonly string[] | undefined) ?? [],
      type: build(field.type, inner, names),
      ...(Object.hasOwn(field, 'default') ? { default: { json: field.default } } : {}),
    });
  }
  return record;
}

function define(names: Map<string, AvroType>, type: AvroType & { readonly name: string }): AvroType {
  names.set(type.name, type);
  return type;
}

function nameOf(json: Json, namespace: string): { readonly name: string; readonly aliases: readonly string[] } {
  const own = typeof json.namespace === 'string' ? json.namespace : namespace;
  const name = qualified(String(json.name), own);
  const at = name.lastIndexOf('.');
  const inner = at < 0 ? '' : name.slice(0, at);
  const aliases = (json.aliases as readonly string[] | undefined) ?? [];
  return { name, aliases: aliases.map((alias) => qualified(alias, inner)) };
}

function qualified(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function logicalOf(json: Json, kind: string, size: number): { readonly logical?: Logical } {
  const name = json.logicalType;
  if (typeof name !== 'string' || LOGICAL_ON[name]?.includes(kind) !== true) return {};
  if (name === 'uuid' && kind === 'fixed' && size !== UUID_BYTES) return {};
  if (name !== 'decimal') return { logical: { name: name as LogicalName, precision: 0, scale: 0 } }; // the table has it
  const precision = Number(json.precision);
  const scale = Number(json.scale ?? 0);
  const isDecimal = Number.isInteger(precision) && Number.isInteger(scale) && scale >= 0 && scale <= precision;
  return isDecimal && precision > 0 ? { logical: { name, precision, scale } } : {};
}
