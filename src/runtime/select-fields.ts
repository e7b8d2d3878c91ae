import type { DataRecord } from '../core/record.ts';

/** Names to keep at one level; a leaf keeps everything below it. */
interface Kept {
  readonly names: Map<string, Kept | undefined>;
}

/**
 * `output: { select: [id, address.city] }`: a record with these fields only, in the order it had them. Fields left out are removed as
 * changes are, so what stays keeps its bytes. A record that has nothing else is given as it is.
 */
export function selectFields(fields: readonly string[]): (record: DataRecord) => DataRecord {
  const root: Kept = { names: new Map() };
  for (const field of fields) keep(root, field.split('.'));
  return (record) => {
    if (record.isTombstone) return record;
    const paths: string[][] = [];
    surplus(record.data, root, [], paths);
    if (paths.length === 0) return record;
    const draft = record.edit();
    for (const path of paths) draft.patch(path, undefined);
    draft.editable = false;
    return draft;
  };
}

function keep(node: Kept, path: readonly string[]): void {
  const [first = '', ...rest] = path;
  if (rest.length === 0) {
    node.names.set(first, undefined);
    return;
  }
  if (node.names.has(first) && node.names.get(first) === undefined) return; // all of it is kept already
  const below = node.names.get(first) ?? { names: new Map() };
  node.names.set(first, below);
  keep(below, rest);
}

function surplus(value: unknown, kept: Kept, path: readonly string[], paths: string[][]): void {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return;
  for (const [name, child] of Object.entries(value)) {
    if (!kept.names.has(name)) paths.push([...path, name]);
    else {
      const below = kept.names.get(name);
      if (below !== undefined) surplus(child, below, [...path, name], paths);
    }
  }
}
