import type { Static } from '@sinclair/typebox';
import { Issues, throwIssues } from './issues.ts';
import { KafkaSchema } from './kafka-schema.ts';
import { loadTopology } from './load.ts';
import { type Env, resolveReferences } from './secrets.ts';
import { checkShape } from './shape.ts';

export type KafkaConfig = Static<typeof KafkaSchema>;

/** A file of `--kafka-config`: what `kafka:` of a topology holds, as YAML or JSON. Throws ConfigError with every error and its place. */
export async function loadKafkaConfig(path: string, env: Env): Promise<KafkaConfig> {
  const { raw, folder, locate } = await loadTopology(path);
  const issues = new Issues(locate);
  for (const complaint of checkShape(KafkaSchema, raw, [])) issues.add(complaint);
  const config = resolveReferences(raw, [], { issues, source: { env, folder }, allowed: () => true });
  throwIssues(issues.sorted(), 'load');
  return config as KafkaConfig; // checked above
}
