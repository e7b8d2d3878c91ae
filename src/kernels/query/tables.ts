/**
 * The name under which a table's changes are counted: without its schema and in lower case, so that `public.Users`,
 * `users` and `"Users"` are invalidated together. Too many at most, never too few.
 */
export function changeName(table: string): string {
  return table.slice(table.lastIndexOf('.') + 1).toLowerCase();
}
