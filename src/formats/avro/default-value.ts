import { decimalText, textOfCount, uuidText } from './logical.ts';
import type { AvroType } from './types.ts';

/** A default as its schema writes it, as the value a reader gives. avsc has checked that it is one. */
export function defaultValue(type: AvroType, json: unknown): unknown {
  switch (type.kind) {
    case 'union':
      return defaultOfUnion(type.branches, json);
    case 'record': {
      const given = json as Readonly<Record<string, unknown>>; // checked
      return Object.fromEntries(
        type.fields.map((field) => [
          field.name,
          defaultValue(field.type, Object.hasOwn(given, field.name) ? given[field.name] : field.default?.json),
        ]),
      );
    }
    case 'array':
      return (json as unknown[]).map((item) => defaultValue(type.items, item)); // checked
    case 'map':
      return Object.fromEntries(
        Object.entries(json as object).map(([key, item]) => [key, defaultValue(type.values, item)]),
      );
    case 'bytes':
    case 'fixed': {
      const bytes = new Uint8Array(Buffer.from(json as string, 'latin1')); // a code unit is a byte
      if (type.logical?.name === 'decimal') return decimalText(bytes, type.logical.scale);
      return type.logical?.name === 'uuid' ? uuidText(bytes) : bytes;
    }
    case 'int':
    case 'long':
      return type.logical === undefined ? json : textOfCount(type.logical, json as number); // checked
    default:
      return json;
  }
}

/** Of the first branch, or, since Avro 1.12, of the first it fits. */
function defaultOfUnion(branches: readonly AvroType[], json: unknown): unknown {
  const branch = branches.find((one) => fits(one, json)) ?? branches[0];
  return branch === undefined ? json : defaultValue(branch, json);
}

function fits({ kind }: AvroType, json: unknown): boolean {
  switch (kind) {
    case 'null':
      return json === null;
    case 'boolean':
      return typeof json === 'boolean';
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return typeof json === 'number';
    case 'array':
      return Array.isArray(json);
    case 'map':
    case 'record':
      return typeof json === 'object' && json !== null && !Array.isArray(json);
    default:
      return typeof json === 'string';
  }
}
