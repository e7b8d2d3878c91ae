/** How one result is handed to several callers without one of them changing it for the others. */
export function sharer<T>(result: T): () => T {
  return deepFreeze(result) ? () => result : () => structuredClone(result);
}

/** Freezes plain objects and lists all the way down; false when something in it cannot be frozen (dates, buffers, maps). */
function deepFreeze(value: unknown): boolean {
  const pending: unknown[] = [value];
  const found: object[] = [];
  const seen = new Set<unknown>();
  while (pending.length > 0) {
    const item = pending.pop();
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
