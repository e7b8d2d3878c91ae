import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';
import type { RegistryConnection } from '../formats/index.ts';

const MAX_SCHEMA_BYTES = 1024 * 1024;

/** `kafka.registry` of a topology, its schema checked; the address may come from the environment instead. */
export function registryConnection(
  spec: unknown,
  env: Readonly<Record<string, string | undefined>>,
): RegistryConnection | undefined {
  const { timeout, ...rest } = (spec ?? {}) as Partial<RegistryConnection> & { readonly timeout?: string }; // the schema says the same
  const url = rest.url ?? (env.SCHEMA_REGISTRY_URL === '' ? undefined : env.SCHEMA_REGISTRY_URL);
  if (url === undefined) return undefined;
  const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout);
  return { ...rest, url, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

/** Text of a schema beside (or below) the topology. Throws ConfigError for a file that is elsewhere, too large or missing. */
export function readSchemaFile(folder: string, file: string): string {
  const path = resolve(folder, file);
  try {
    const inside = relative(realpathSync(folder), realpathSync(path));
    if (isAbsolute(file) || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
      throw new Error('it lies outside of the folder of the topology');
    if (statSync(path).size > MAX_SCHEMA_BYTES) throw new Error(`it is larger than ${MAX_SCHEMA_BYTES} bytes`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(
      `the schema ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        code: 'schema-file',
        cause,
      },
    );
  }
}
