const Z95 = 1.96;

/** 95 % interval of a share. Source: Wilson 1927. */
export function wilson(share: number, n: number): { readonly low: number; readonly high: number } {
  if (n <= 0) return { low: 0, high: 1 };
  const z2 = Z95 * Z95;
  const middle = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z95 / (1 + z2 / n)) * Math.sqrt(Math.max(0, (share * (1 - share)) / n + z2 / (4 * n * n)));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}
