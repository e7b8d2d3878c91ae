import { ConfigError } from '../../core/errors.ts';
import type { Catalog } from './scope.ts';

/** Reads `{ "table": ["column", …] }`; `path` is named in the ConfigError for anything else. */
export function parseCatalog(text: string, path: string): Catalog {
  const problem = new ConfigError(`${path}: expected a JSON object { "table": ["column", …] }`, {
    code: 'query-catalog',
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw problem;
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw problem;
  return new Map(
    Object.entries(json).map(([table, columns]) => {
      if (!Array.isArray(columns) || !columns.every((column) => typeof column === 'string')) throw problem;
      return [table, new Set<string>(columns)] as const;
    }),
  );
}
