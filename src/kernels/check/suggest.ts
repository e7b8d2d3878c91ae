/** Lists longer than this are not searched for a near value. */
const MAX_SEARCHED = 1_000;
const MAX_TEXT = 64;

/** `"12.5"` where a number is expected: which cleaning step mends it. */
export function suggestNumber(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_TEXT) return undefined;
  return /^\s*[-+]?[$€£]?[\d.,' ]*\d\s*%?\s*$/.test(value)
    ? 'a number as text: clean it with to-number before'
    : undefined;
}

/** The one listed value that differs in case, blanks or one edit. */
export function suggestValue(value: unknown, values: ReadonlySet<unknown>): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_TEXT || values.size > MAX_SEARCHED) return undefined;
  const wanted = value.trim().toLowerCase();
  let near: string | undefined;
  for (const candidate of values) {
    if (typeof candidate !== 'string') continue;
    const folded = candidate.toLowerCase();
    if (folded === wanted) return candidate;
    if (wanted.length >= 4 && isOneEdit(wanted, folded)) {
      if (near !== undefined) return undefined;
      near = candidate;
    }
  }
  return near;
}

/** One insertion, deletion, substitution, or swap of neighbours apart. */
export function isOneEdit(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const restA = a.slice(start, endA);
  const restB = b.slice(start, endB);
  if (restA.length <= 1 && restB.length <= 1) return true;
  return restA.length === 2 && restB.length === 2 && restA[0] === restB[1] && restA[1] === restB[0];
}
