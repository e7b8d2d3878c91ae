import { Type } from '@sinclair/typebox';
import type { Operator } from '../core/operator.ts';

/** Id of the step that the planner puts first when steps name single inputs; no step of a user's can have it. */
export const SELECT_INPUT = 'input';

/**
 * Takes the records of several inputs apart: a port for each, in the order of `inputs:`. A step that says
 * `from: <name of an input>` reads one of them. No state; a record of an unknown input is a bug of the reader.
 */
export function selectInput(names: readonly string[]): Operator {
  const portOf = new Map(names.map((name, index) => [name, index]));
  return {
    name: 'select-input',
    summary: 'Takes the records of several inputs apart.',
    config: Type.Object({}, { additionalProperties: false }),
    example: {},
    ports: () => names.map((name) => ({ name, fate: 'pass' })),
    scope: () => 'none',
    create: () => ({
      process(records, _time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          const record = records[i]!;
          const port = portOf.get(record.source.input ?? '');
          if (port === undefined) throw new Error('a record names no input of this topology');
          out.emit(port, record);
        }
      },
    }),
  };
}
