import type { AvroType, EnumType, FixedType, RecordType } from './types.ts';

const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

/** The same unqualified name, or the writer's is an alias of the reader's. */
export function isNamedAlike(
  writer: RecordType | EnumType | FixedType,
  reader: RecordType | EnumType | FixedType,
): boolean {
  return writer === reader || lastOf(writer.name) === lastOf(reader.name) || reader.aliases.includes(writer.name);
}

/** Both are primitive, and the one may be read as the other. */
export function isPromoted(writer: AvroType, reader: AvroType): boolean {
  return (
    isPrimitive(writer) && (writer.kind === reader.kind || PROMOTIONS[writer.kind]?.includes(reader.kind) === true)
  );
}

/** The branch of a reader's union that takes what `writer` wrote: its own kind and name first, else the first it may be promoted to. */
export function branchFor(writer: AvroType, branches: readonly AvroType[]): AvroType | undefined {
  return (
    branches.find((branch) => branch === writer || isAlike(writer, branch, true)) ??
    branches.find((branch) => isAlike(writer, branch, false)) ??
    branches.find((branch) => isPromoted(writer, branch))
  );
}

function isAlike(writer: AvroType, reader: AvroType, isStrict: boolean): boolean {
  if (writer.kind !== reader.kind) return false;
  if (!('name' in writer) || !('name' in reader)) return true;
  return isStrict ? writer.name === reader.name : isNamedAlike(writer, reader);
}

function isPrimitive({ kind }: AvroType): boolean {
  return (
    kind !== 'record' && kind !== 'enum' && kind !== 'fixed' && kind !== 'array' && kind !== 'map' && kind !== 'union'
  );
}

/** The fewest bytes a value takes: what a list of them can be measured by before it is read. */
export function leastBytes(type: AvroType, within: ReadonlySet<AvroType> = new Set()): number {
  switch (type.kind) {
    case 'null':
      return 0;
    case 'float':
      return 4;
    case 'double':
      return 8;
    case 'fixed':
      return type.size;
    case 'record': {
      if (within.has(type)) return 0;
      const inner = new Set(within).add(type);
      return type.fields.reduce((sum, field) => sum + leastBytes(field.type, inner), 0);
    }
    default:
      return 1;
  }
}

/** As people write it: `record com.acme.Order`, `long (timestamp-millis)`. */
export function nameOf(type: AvroType): string {
  if ('name' in type) return `${type.kind} ${type.name}${suffix(type)}`;
  if (type.kind === 'union') return `union of ${type.branches.map(nameOf).join(' and ')}`;
  return `${type.kind}${suffix(type)}`;
}

function suffix(type: AvroType): string {
  if (!('logical' in type) || type.logical === undefined) return '';
  const { name, precision, scale } = type.logical;
  return name === 'decimal' ? ` (decimal ${precision}, ${scale})` : ` (${name})`;
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
