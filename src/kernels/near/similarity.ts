/** Share of the features of either that both have, 0 to 1; two empty sets are nothing alike. */
export function jaccard(a: Int32Array, b: Int32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [x, y] = [a[i]!, b[j]!];
    if (x === y) shared++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  const either = a.length + b.length - shared;
  return either === 0 ? 0 : shared / either;
}
