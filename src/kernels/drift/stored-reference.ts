import { ConfigError } from '../../core/errors.ts';
import { CategoryColumn } from './category-column.ts';
import type { Column, ColumnSettings } from './column.ts';
import { NumericColumn } from './numeric-column.ts';
import type { Place } from './place.ts';

const MAX_BYTES = 64 * 1024 * 1024;

interface Stored {
  readonly source?: unknown;
  readonly type?: unknown;
  readonly data?: {
    readonly field?: unknown;
    readonly kind?: unknown;
    readonly segment?: unknown;
    readonly reference?: unknown;
  };
}

/**
 * References from the events of an earlier run: lines of CloudEvents, of which `drift.referenced` of step `from`
 * (`<topology>/<step>`) count; the last one of a field wins.
 * Out: bytes by field. Errors: ConfigError when the file is no such file, holds references of another topology or step only, or lacks
 * a field or has it as another kind.
 */
export function storedReferences(
  bytes: Uint8Array,
  wanted: {
    readonly file: string;
    readonly from: string;
    readonly fields: readonly { readonly name: string; readonly kind: 'numeric' | 'categorical' }[];
  },
): ReadonlyMap<string, Uint8Array> {
  if (bytes.length > MAX_BYTES)
    throw refuse(
      wanted.file,
      `has ${bytes.length} bytes, more than ${MAX_BYTES}`,
      'keep the drift.referenced lines only',
    );
  const found = new Map<string, { kind: unknown; bytes: Uint8Array }>();
  const others = new Set<string>();
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    const event = parseLine(line, wanted.file);
    if (event?.type !== 'drift.referenced') continue;
    const source = String(event.source).replace(/^sluice\//, '');
    if (source !== wanted.from) others.add(source);
    else if (typeof event.data?.field === 'string' && typeof event.data.reference === 'string' && !event.data.segment)
      found.set(event.data.field, { kind: event.data.kind, bytes: Buffer.from(event.data.reference, 'base64') });
  }
  if (found.size === 0 && others.size > 0)
    throw refuse(
      wanted.file,
      `holds references of ${[...others].slice(0, 5).join(', ')}, not of ${wanted.from}`,
      `to take them on purpose write \`from: ${[...others][0]}\``,
    );
  return check(found, wanted);
}

function check(
  found: ReadonlyMap<string, { readonly kind: unknown; readonly bytes: Uint8Array }>,
  { file, fields }: Parameters<typeof storedReferences>[1],
): ReadonlyMap<string, Uint8Array> {
  const result = new Map<string, Uint8Array>();
  for (const { name, kind } of fields) {
    const entry = found.get(name);
    if (entry === undefined)
      throw refuse(
        file,
        `has no drift.referenced event for field ${name}`,
        'take it from a run that watched this field',
      );
    if (entry.kind !== kind)
      throw refuse(
        file,
        `knows field ${name} as ${String(entry.kind)}, not ${kind}`,
        'use the same kind for the field',
      );
    try {
      probe(name, kind).loadReference(entry.bytes);
    } catch (cause) {
      throw refuse(file, `has a damaged reference for field ${name}`, 'take the events as they were written', cause);
    }
    result.set(name, entry.bytes);
  }
  return result;
}

/** A column to try the bytes on: what cannot be loaded must be said at the start, not at the first record. */
function probe(name: string, kind: 'numeric' | 'categorical'): Column {
  const place: Place = { offset: 0, index: -1, time: Number.NaN, hour: -1, draw: 0 };
  const nothing = (): void => {};
  const sink = { alarm: nothing, recovered: nothing, referenced: nothing, rebaselined: nothing };
  const settings: ColumnSettings = {
    referenceRecords: 1,
    runLength: 1000,
    minJs: 1,
    minSd: 1,
    holdOffRecords: 1,
    holdOffMs: 0,
    season: 'none',
    guarantee: 'none',
    rebaselineAfter: 0,
  };
  return kind === 'numeric'
    ? new NumericColumn(name, { settings, place, sink, seed: 0 })
    : new CategoryColumn(name, { settings, place, sink });
}

function parseLine(line: string, file: string): Stored | undefined {
  if (line.trim() === '') return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return value !== null && typeof value === 'object' ? (value as Stored) : undefined; // every property is checked
  } catch (cause) {
    throw refuse(
      file,
      'has a line that is no JSON',
      'expected the events topic of an earlier run, a CloudEvent a line',
      cause,
    );
  }
}

function refuse(file: string, what: string, remedy: string, cause?: unknown): ConfigError {
  return new ConfigError(`reference file ${file} ${what}: ${remedy}`, { code: 'drift-reference', cause });
}
