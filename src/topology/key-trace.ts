import type { GraphStep } from './graph.ts';

/**
 * Under which names the fields that partition a stage's input are found on an edge; undefined when one of them was
 * changed, so that equal values may sit in different partitions. An empty list: no key was declared.
 */
export type KeyTrace = readonly string[] | undefined;

/** The names after `step`, for its port: renames are followed, a changed field is lost, a derived record has none. */
export function traceThrough(step: GraphStep, port: number, before: KeyTrace): KeyTrace {
  if (before === undefined || step.operator === undefined) return undefined;
  if (step.ports[port]?.fate === 'derived') return undefined;
  const use = step.operator.fields?.(step.config);
  if (use === undefined) return before;
  const names: string[] = [];
  for (const name of before) {
    const rename = use.renames?.find(([from]) => name === from || isBelow(name, from));
    const now = rename === undefined ? name : `${rename[1]}${name.slice(rename[0].length)}`;
    if ((use.writes ?? []).some((field) => overlaps(field, now))) return undefined;
    if (rename === undefined && use.renames?.some(([, to]) => overlaps(to, now)) === true) return undefined;
    names.push(now);
  }
  return names;
}

/** What several edges have in common: the same names, or nothing. */
export function meet(traces: readonly KeyTrace[]): KeyTrace {
  const [first, ...rest] = traces;
  return first !== undefined && rest.every((trace) => trace?.join('\n') === first.join('\n')) ? first : undefined;
}

/** Every record with equal `keys` is in one partition: the partitioning fields are among them. */
export function keeps(trace: KeyTrace, keys: readonly string[]): boolean {
  return trace !== undefined && trace.length > 0 && trace.every((name) => keys.includes(name));
}

/** One is the other, or lies inside it (`address` and `address.city`). */
export function overlaps(a: string, b: string): boolean {
  return a === b || isBelow(a, b) || isBelow(b, a);
}

function isBelow(inner: string, outer: string): boolean {
  return (
    inner.startsWith(outer) &&
    (inner[outer.length] === '.' || inner[outer.length] === '[' || inner[outer.length] === '/')
  );
}
