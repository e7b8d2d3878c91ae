import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../core/errors.ts';
import { createFormats } from '../formats/index.ts';
import { operatorRegistry } from '../operators/index.ts';
import { loadTopology, type OperatorRegistry, parseTopology, planTopology, type Topology } from '../topology/index.ts';
import type { Plan } from '../topology/plan.ts';
import { readSchemaFile, registryConnection } from './registry.ts';

export interface Loaded {
  readonly topology: Topology;
  readonly operators: OperatorRegistry;
}

/** A topology file: YAML, or a TypeScript (JavaScript) module with a `topology` and, where it has its own, `operators`. */
export async function load(path: string): Promise<Loaded> {
  if (!isModule(path)) return { topology: await loadTopology(path), operators: operatorRegistry() };
  let module: { topology?: Topology; default?: Topology; operators?: Parameters<typeof operatorRegistry>[0] };
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (cause) {
    throw new ConfigError(`${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, {
      code: 'module-unloadable',
      cause,
    });
  }
  const topology = module.topology ?? module.default;
  if (topology === undefined)
    throw new ConfigError(`${path} exports no topology: export const topology = defineTopology({ … })`, {
      code: 'module-empty',
    });
  return { topology, operators: operatorRegistry(module.operators) };
}

/** A YAML file that was read already, maybe by another thread. */
export function loadText(path: string, text: string): Loaded {
  return {
    topology: parseTopology(text, { file: path, folder: dirname(resolve(path)) }),
    operators: operatorRegistry(),
  };
}

/** Modules are read once in a process; YAML files can be read again. */
export function isModule(path: string): boolean {
  return /\.[mc]?[jt]s$/.test(path);
}

/** `onePartition`: every topic is one partition, as files are. */
export function planOf(
  loaded: Loaded,
  options: {
    readonly onePartition: boolean;
    readonly env?: Readonly<Record<string, string | undefined>>;
    /** `registry` of a file of `--kafka-config`, for a topology that has none. */
    readonly registry?: unknown;
  },
): Plan {
  let plan: Plan | undefined;
  const formats = createFormats({
    connection: () => registryConnection(plan?.kafka?.registry ?? options.registry, options.env ?? {}),
    readFile: (file) => readSchemaFile(loaded.topology.folder, file),
  });
  plan = planTopology(loaded.topology, { ...options, operators: loaded.operators, formats });
  return plan;
}

export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
}
