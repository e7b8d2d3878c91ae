/** A copy with room for `length` numbers, the new ones 0. */
export function enlarged<A extends Int32Array | Float64Array>(array: A, length: number): A {
  const larger = new (array.constructor as new (length: number) => A)(length); // of the same kind
  larger.set(array);
  return larger;
}
