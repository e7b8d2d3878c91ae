import { resolve } from 'node:path';
import { Type } from '@sinclair/typebox';
import { PlanError } from '../core/errors.ts';
import type { Operator } from '../core/operator.ts';
import type { Topology } from './load.ts';
import { type RxStep, rxKernel } from './rx-kernel.ts';
import type { TopologySpec } from './schema.ts';

/**
 * The same topology as a YAML file, in TypeScript. Files named in it resolve below `folder` (default `.`); give
 * `import.meta.dirname`.
 */
export function defineTopology(
  spec: TopologySpec,
  where: { readonly file?: string; readonly folder?: string } = {},
): Topology {
  const { file = `${spec.name}.ts`, folder = '.' } = where;
  return { raw: structuredClone(spec), file, folder: resolve(folder), locate: () => ({ file, line: 1, column: 1 }) };
}

/**
 * Wraps a stateless RxJS function as an operator that `use:` can name. It sees one batch an observable and answers with
 * the records that stay, unchanged or as drafts (`record.edit()`), in order; a record it leaves out is dropped.
 * Errors: an answer that comes later than the call, or a record that was not in the batch, is an OperatorError.
 * Cost: one subscription a batch.
 *
 * @example fromRx('only-even', (batch$) => batch$.pipe(map((records) => records.filter((r) => r.offset % 2 === 0))))
 */
export function fromRx(name: string, step: RxStep): Operator {
  if (!/^[a-z][a-z0-9-]*$/.test(name))
    throw new PlanError(`fromRx: expected a name like \`my-step\`, found ${JSON.stringify(name)}; rename it`, {
      code: 'wrong-value',
    });
  return {
    name,
    summary: 'A stateless RxJS function of this program.',
    config: Type.Object({}, { additionalProperties: false }),
    example: {},
    ports: () => [
      { name: 'out', fate: 'pass' },
      { name: 'dropped', fate: 'dropped' },
    ],
    scope: () => 'none',
    create: () => rxKernel(name, step),
  };
}
