import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WireRecord } from '../records.ts';

/** `hex`, or `hex*n` for n times; null. */
type Spec = string | null;

export interface BatchVector {
  readonly name: string;
  readonly records: readonly (readonly [number, Spec, Spec, readonly (readonly [string, Spec])[]])[];
  /** The batch, or its hash where it is long. */
  readonly hex?: string;
  readonly sha256?: string;
  readonly base?: number;
  readonly appendTime?: number;
  readonly producer?: true;
}

interface Vectors {
  readonly batches: readonly BatchVector[];
  readonly markers: readonly { readonly type: 'ABORT' | 'COMMIT'; readonly hex: string }[];
  /** Key, hash, partition of 12. */
  readonly murmur2: readonly (readonly [string, number, number])[];
  readonly crc32c: readonly (readonly [string, number])[];
}

/** Made by MakeVectors.java, in the shape it writes. */
export const VECTORS = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors.json'), 'utf8')) as Vectors;

export function recordsOf(vector: BatchVector): WireRecord[] {
  return vector.records.map(([time, key, value, headers], i) => ({
    offset: (vector.base ?? 0) + i,
    timestamp: vector.appendTime ?? time,
    key: bytesOf(key),
    value: bytesOf(value),
    headers: headers.map(([name, content]) => ({ name, value: bytesOf(content) })),
  }));
}

function bytesOf(spec: Spec): Buffer | null {
  if (spec === null) return null;
  const [unit = '', times = '1'] = spec.split('*');
  return Buffer.from(unit.repeat(Number(times)), 'hex');
}
