import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const root = join(import.meta.dirname, '..', '..');
export const composePath = join(root, 'docker-compose.yml');

export interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
  readonly stop_grace_period?: string;
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
}

/** docker-compose.yml with its anchors and merge keys resolved. */
export function readCompose(): Compose {
  return parse(readFileSync(composePath, 'utf8'), { merge: true }) as Compose; // its schema is a test
}

/** Settings the image `apache/kafka` makes of its environment: `___` is `-`, `__` is `_`, `_` is `.`. */
export function kafkaSettings(environment: Readonly<Record<string, string | number>>): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('KAFKA_')) continue;
    const key = name
      .slice('KAFKA_'.length)
      .toLowerCase()
      .replaceAll('___', '-')
      .replace(/(?<!_)_(?!_)/g, '.')
      .replaceAll('__', '_');
    settings[key] = String(value);
  }
  return settings;
}
