import type { Kernel, Operator } from '../core/operator.ts';
import { compileNear, fieldsOf } from '../kernels/near/compile-near.ts';
import { nearIssues } from '../kernels/near/near-issues.ts';
import { NearKernel } from '../kernels/near/near-kernel.ts';
import { NearConfig } from '../kernels/near/near-schema.ts';

/**
 * Finds near-duplicates: the same thing in other words.
 *
 * Shapes: any record; texts, numbers and lists of the named fields count. A near-duplicate carries the finding
 * `near-duplicate` (info) with `observed: {duplicateOf, cluster, score, why, compared?}`, a golden record `merged`.
 * Cost: bounded a record, some tens of µs; state: the features of the records held. Source: METHODS 6; docs/near.md.
 */
export const dedupNear: Operator<NearConfig> = {
  name: 'dedup-near',
  summary: 'Finds near-duplicates among texts and records, names their cluster, and links lists.',
  config: NearConfig,
  example: { kind: 'product', fields: ['name', 'description'], action: 'flag', into: 'cluster', scope: 'topic' },
  ports: ({ action }) =>
    action === 'merge'
      ? [{ name: 'out', fate: 'derived' }]
      : [
          { name: 'out', fate: 'pass' },
          { name: 'duplicates', fate: 'duplicate' },
        ],
  scope: (config) => config.scope ?? 'partition',
  fields: ({ fields, keys = [], compare = [], link, into, survivorship }) => ({
    reads: [
      ...new Set([...fields, ...keys.flatMap(fieldsOf), ...compare.map(({ field }) => field)]),
      ...(link === undefined ? [] : [link.source]),
      ...(survivorship?.source === undefined ? [] : [survivorship.source]),
    ],
    ...(into === undefined ? {} : { writes: [into] }),
  }),
  validate: nearIssues,
  needsClock: ({ window = 'all', grace }) =>
    typeof window === 'string' && window !== 'all' ? ['window'] : grace !== undefined ? ['grace'] : undefined,
  create: (config, deps): Kernel => new NearKernel(compileNear(config, deps), deps),
};
