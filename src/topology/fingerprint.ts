import { createHash } from 'node:crypto';
import type { GraphStep } from './graph.ts';
import { overlaps } from './key-trace.ts';

/** Names states and plans: 16 hex digits of SHA-256 over canonical JSON. */
export function fingerprintOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex').slice(0, 16);
}

/** JSON with sorted keys; undefined members are left out, Infinity and NaN are words. */
export function canonical(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}

/**
 * The identity of a step's state: its own configuration and that of every step above that shapes the fields it keeps
 * state by (its keys, else what it reads), plus how the input is read. A step above that shapes none of them may change
 * without touching the state.
 */
export function stateHash(step: GraphStep, input: unknown): string {
  const { operator, config } = step;
  if (operator === undefined) return '';
  const tracked = new Set(operator.keys?.(config) ?? operator.fields?.(config).reads ?? []);
  const shapers: unknown[] = [];
  for (const above of ancestors(step)) {
    const use = above.operator?.fields?.(above.config);
    const renames = use?.renames ?? [];
    const made = [...(use?.writes ?? []), ...renames.map(([, to]) => to)];
    const reshapes =
      above.operator?.ports(above.config)[0]?.fate === 'derived' || above.operator?.name === 'repartition';
    if (!reshapes && tracked.size > 0 && !made.some((field) => [...tracked].some((key) => overlaps(field, key))))
      continue;
    if (!reshapes && made.length === 0) continue;
    shapers.push([above.operator?.name, above.shown]);
    for (const [from] of renames) tracked.add(from);
    for (const field of use?.reads ?? []) if (made.some((one) => overlaps(one, field))) tracked.add(field);
  }
  return fingerprintOf({ use: operator.name, config: step.shown, shapers, input });
}

/** Nearest first, each once. */
function ancestors(step: GraphStep): readonly GraphStep[] {
  const found = new Set<GraphStep>();
  const queue: GraphStep[] = [step];
  for (const one of queue) {
    for (const { step: above } of one.reads) {
      if (above === undefined || found.has(above)) continue;
      found.add(above);
      queue.push(above);
    }
  }
  return [...found];
}
