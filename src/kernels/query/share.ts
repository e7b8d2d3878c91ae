import { OperatorError } from '../../core/errors.ts';

/**
 * How one result is handed to several callers without one of them changing it for the others: plain data is frozen,
 * the rest copied. Throws OperatorError for a result that can be neither, with functions in it for example.
 */
export function sharer<T>(result: T): () => T {
  if (deepFreeze(result)) return () => result;
  try {
    structuredClone(result);
  } catch (cause) {
    throw new OperatorError(
      'a result that can be neither frozen nor copied cannot be shared: let `execute` give the rows alone',
      { code: 'query-result', cause },
    );
  }
  return () => structuredClone(result);
}

/** Freezes plain objects and lists all the way down; false when something in it cannot be frozen (dates, buffers, maps). */
function deepFreeze(value: unknown): boolean {
  const pending: unknown[] = [value];
  const found: object[] = [];
  const seen = new Set<unknown>();
  while (pending.length > 0) {
    const item = pending.pop();
    if (typeof item === 'function') return false;
    if (item === null || typeof item !== 'object' || seen.has(item)) continue;
    const prototype = Object.getPrototypeOf(item);
    if (!Array.isArray(item) && prototype !== Object.prototype && prototype !== null) return false;
    seen.add(item);
    found.push(item);
    for (const key of Reflect.ownKeys(item)) pending.push((item as Record<PropertyKey, unknown>)[key]); // just listed
  }
  for (const item of found) Object.freeze(item);
  return true;
}

const OBJECT_BYTES = 16;
const VALUE_BYTES = 8;

/** About how many bytes a result holds: texts, numbers and buffers in lists, objects, maps and sets; what stands in it twice once. */
export function roughBytes(result: unknown): number {
  const pending: unknown[] = [result];
  const seen = new Set<object>();
  let bytes = 0;
  while (pending.length > 0) {
    const item = pending.pop();
    bytes += VALUE_BYTES;
    if (typeof item === 'string') bytes += 2 * item.length;
    if (item === null || typeof item !== 'object' || seen.has(item)) continue;
    seen.add(item);
    bytes += OBJECT_BYTES;
    if (ArrayBuffer.isView(item)) bytes += item.byteLength;
    else if (item instanceof ArrayBuffer) bytes += item.byteLength;
    else if (item instanceof Map) for (const [key, value] of item) pending.push(key, value);
    else if (Array.isArray(item) || item instanceof Set) for (const value of item) pending.push(value);
    else for (const value of Object.values(item)) pending.push(value);
  }
  return bytes;
}
