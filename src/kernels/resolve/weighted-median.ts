export interface Weighted {
  readonly x: number;
  readonly weight: number;
}

/** Sorted by x: the first entry at which half of the weight is reached, or the middle of two when it falls between them. */
export function weightedMedian(sorted: readonly Weighted[]): number {
  const half = weightOf(sorted) / 2;
  let reached = 0;
  for (let c = 0; c < sorted.length; c++) {
    reached += sorted[c]!.weight;
    if (reached > half + 1e-12) return sorted[c]!.x;
    if (reached > half - 1e-12 && c + 1 < sorted.length) return sorted[c]!.x / 2 + sorted[c + 1]!.x / 2;
  }
  return sorted.at(-1)!.x;
}

export function weightOf(entries: readonly Weighted[]): number {
  let total = 0;
  for (const { weight } of entries) total += weight;
  return total;
}
