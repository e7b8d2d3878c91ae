import { parseAvro } from './parse.ts';
import { compileReader, type Mismatch } from './read.ts';

export interface Comparison {
  /** What both directions come to. */
  readonly compatibility: 'none' | 'backward' | 'forward' | 'full';
  /** Why readers of the new schema cannot read what was written with the old one; empty when they can. */
  readonly backward: readonly Mismatch[];
  /** Why readers of the old schema cannot read what is written with the new one. */
  readonly forward: readonly Mismatch[];
}

/** Two versions of an Avro schema, by the very rules values are read by. Throws FormatError `bad-schema`. */
export function compareSchemas(older: string, newer: string): Comparison {
  const [old, next] = [parseAvro(older), parseAvro(newer)];
  const backward = compileReader(old, next).mismatches;
  const forward = compileReader(next, old).mismatches;
  const isBackward = backward.length === 0;
  const isForward = forward.length === 0;
  const compatibility = isBackward ? (isForward ? 'full' : 'backward') : isForward ? 'forward' : 'none';
  return { compatibility, backward, forward };
}
