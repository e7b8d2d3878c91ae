import { type Static, Type } from '@sinclair/typebox';
import type { Kernel, Operator, Out } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';

const DEFAULT_DEPTH = 8;
/** Names one record may grow to; a record beyond it stays as it is, with a finding. */
const MAX_NAMES = 10_000;

const config = Type.Object(
  {
    separator: Type.String({
      minLength: 1,
      maxLength: 8,
      description: 'Between the names of the levels.',
      default: '_',
    }),
    depth: Type.Integer({
      minimum: 1,
      maximum: 64,
      description: 'Levels taken apart; deeper maps stay whole.',
      default: DEFAULT_DEPTH,
    }),
  },
  { additionalProperties: false },
);
type FlattenConfig = Static<typeof config>;

/**
 * Turns maps inside a record into top-level fields (`address.city` becomes `address_city`); lists stay.
 *
 * A name that is taken, or a record that would get more than 10,000 names, leaves the record as it is with the finding
 * `flatten` (warn). Cost: linear in the names; no state.
 * Example: `{a: {b: 1}, c: 2}` becomes `{c: 2, a_b: 1}`.
 * Source: common practice of column stores; JSON Pointer (RFC 6901) names the same places.
 */
export const flatten: Operator<FlattenConfig> = {
  name: 'flatten',
  summary: 'Turn maps inside a record into top-level fields.',
  config,
  example: { separator: '_' },
  ports: () => [{ name: 'out', fate: 'pass' }],
  scope: () => 'none',
  create(c: FlattenConfig): Kernel {
    const separator = c.separator ?? '_';
    const depth = c.depth ?? DEFAULT_DEPTH;
    return {
      process(records, _time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          const record = records[i]!;
          out.emit(0, isMap(record.data) ? flat(record, record.data, { separator, depth }, out) : record);
        }
      },
    };
  },
};

type Plain = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Empty maps have no names to give: they stay. */
function isFullMap(value: unknown): value is Plain {
  return isMap(value) && Object.keys(value).length > 0;
}

function flat(record: DataRecord, data: Plain, how: { separator: string; depth: number }, out: Out): DataRecord {
  const tops = Object.keys(data).filter((name) => isFullMap(data[name]));
  if (tops.length === 0) return record;
  const names = new Map<string, unknown>();
  const stay = new Set(Object.keys(data).filter((name) => !isFullMap(data[name])));
  const draft = record.edit();
  for (const top of tops) {
    const clash = spread(top, data[top] as Plain, how.depth, { names, separator: how.separator, stay }); // tops are maps
    if (clash === undefined) continue;
    out.finding(draft, { rule: 'flatten', severity: 'warn', field: top, expected: clash, dimension: 'validity' });
    return draft;
  }
  for (const top of tops) draft.patch([top], undefined);
  for (const [name, value] of names) draft.patch([name], value);
  return draft;
}

interface Spreading {
  readonly names: Map<string, unknown>;
  readonly separator: string;
  readonly stay: ReadonlySet<string>;
}

/** Puts every leaf below `value` under its joined name; a sentence when that cannot be. */
function spread(prefix: string, value: Plain, depth: number, into: Spreading): string | undefined {
  for (const key of Object.keys(value)) {
    const name = `${prefix}${into.separator}${key}`;
    const inner = value[key];
    if (depth > 1 && isFullMap(inner)) {
      const clash = spread(name, inner, depth - 1, into);
      if (clash !== undefined) return clash;
      continue;
    }
    if (into.names.has(name) || into.stay.has(name)) return `no other field called ${name.slice(0, 100)}`;
    if (into.names.size >= MAX_NAMES) return `at most ${MAX_NAMES} names`;
    into.names.set(name, inner);
  }
  return undefined;
}
