import { ConfigError } from '../core/errors.ts';
import type { Operator } from '../core/operator.ts';
import { check } from './check.ts';
import { checkWindow } from './check-window.ts';
import { clean } from './clean.ts';
import { dedup } from './dedup.ts';
import { dedupNear } from './dedup-near.ts';
import { dedupQueries } from './dedup-queries.ts';
import { detectDrift } from './detect-drift.ts';
import { dropFields } from './drop-fields.ts';
import { filter } from './filter.ts';
import { flatten } from './flatten.ts';
import { keepFields } from './keep-fields.ts';
import { label } from './label.ts';
import { profile } from './profile.ts';
import { repair } from './repair.ts';
import { repartition } from './repartition.ts';
import { resolve } from './resolve.ts';
import { route } from './route.ts';
import { sample } from './sample.ts';
import { set } from './set.ts';
import { vote } from './vote.ts';

/** Every operator there is: the one list that topologies, docs and the contract suite read. */
export const operators: readonly Operator[] = [
  dedup,
  dedupNear,
  dedupQueries,
  check,
  checkWindow,
  clean,
  detectDrift,
  filter,
  repair,
  profile,
  repartition,
  resolve,
  vote,
  label,
  dropFields,
  flatten,
  keepFields,
  route,
  sample,
  set,
];

/** By name, with a user's own operators; one of theirs may not take a name of ours. */
export function operatorRegistry(extra: readonly Operator[] = []): ReadonlyMap<string, Operator> {
  const registry = new Map(operators.map((operator) => [operator.name, operator]));
  for (const operator of extra) {
    if (registry.has(operator.name))
      throw new ConfigError(`there is already an operator called '${operator.name}': choose another name`, {
        code: 'operator-name',
      });
    registry.set(operator.name, operator);
  }
  return registry;
}
