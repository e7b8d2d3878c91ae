import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Secret, Service } from 'kubernetes-models/v1';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { sluice } from '../e2e/cli.ts';
import { root } from './compose-file.ts';

const folder = join(root, 'deploy/kubernetes');
const KINDS = { ConfigMap, Secret, Deployment, Service, PodDisruptionBudget, ScaledObject };
type Kind = keyof typeof KINDS;
/** Where each kind's types come from. */
const MODULES: Readonly<Record<Kind, string>> = {
  ConfigMap: 'kubernetes-models/v1',
  Secret: 'kubernetes-models/v1',
  Service: 'kubernetes-models/v1',
  Deployment: 'kubernetes-models/apps/v1',
  PodDisruptionBudget: 'kubernetes-models/policy/v1',
  ScaledObject: '@kubernetes-models/keda/keda.sh/v1alpha1',
};

// biome-ignore lint/suspicious/noExplicitAny: manifests of many kinds, looked into by name
const objects: readonly any[] = readdirSync(folder).flatMap((file) =>
  parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => document.toJS()),
);
// biome-ignore lint/suspicious/noExplicitAny: the same
const the = (kind: Kind): any => objects.find((object) => object.kind === kind);
mkdirSync(join(root, '.cache'), { recursive: true });
const dir = mkdtempSync(join(root, '.cache', 'kubernetes-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('deploy/kubernetes', () => {
  it.each(objects.map((object) => [object.kind as Kind, object]))('%s fits its published schema', (kind, object) => {
    new KINDS[kind](object).validate();
  });

  it('has no key that the kinds do not know, and the check finds one', () => {
    const errors = typeErrors((object) => object);
    expect(errors).toBe('');
    const typo = typeErrors((object) =>
      JSON.parse(JSON.stringify(object).replace('"readinessProbe"', '"readynessProbe"')),
    );
    expect(typo).toContain('readynessProbe');
  });

  it('is held together by its names', () => {
    const pod = the('Deployment').spec.template;
    for (const kind of ['Service', 'PodDisruptionBudget'] as const) {
      const { selector } = the(kind).spec;
      expect(pod.metadata.labels).toMatchObject(selector.matchLabels ?? selector);
    }
    expect(the('ScaledObject').spec.scaleTargetRef.name).toBe(the('Deployment').metadata.name);
    const [topology, secrets] = pod.spec.volumes;
    expect(topology.configMap.name).toBe(the('ConfigMap').metadata.name);
    expect(secrets.secret.secretName).toBe(the('Secret').metadata.name);
    const [container] = pod.spec.containers;
    expect(container.args).toContain(`/topology/${Object.keys(the('ConfigMap').data)[0]}`);
    expect(container.args).toContain(`/secrets/${Object.keys(the('Secret').stringData)[0]}`);
  });

  it('asks the right questions, gives time to stop and runs without rights', () => {
    const { spec } = the('Deployment').spec.template;
    const [container] = spec.containers;
    expect(container.livenessProbe.httpGet.path).toBe('/livez');
    expect(container.readinessProbe.httpGet.path).toBe('/readyz');
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(30);
    expect(spec.securityContext.runAsNonRoot).toBe(true);
    expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
  });

  it('rolls without a pod beyond the partitions, which would have no task and never be ready', () => {
    expect(the('Deployment').spec.strategy.rollingUpdate).toEqual({ maxSurge: 0, maxUnavailable: 1 });
  });

  it('scales by the lag of the topology it runs, and the topology is sound', async () => {
    const [[file, text]] = Object.entries<string>(the('ConfigMap').data) as [[string, string]];
    writeFileSync(join(dir, file), text);
    expect(await sluice(['lint', join(dir, file)])).toMatchObject({ code: 0 });
    const { stdout } = await sluice(['describe', join(dir, file), '--format', 'json']);
    const plan = JSON.parse(stdout);
    const [{ metadata }] = the('ScaledObject').spec.triggers;
    expect(metadata).toMatchObject({ consumerGroup: plan.name, excludePersistentLag: 'true' });
    expect(JSON.stringify(plan)).toContain(`"${metadata.topic}"`);
    const env = the('Deployment').spec.template.spec.containers[0].env;
    expect(env).toContainEqual({ name: 'KAFKA_BROKERS', value: metadata.bootstrapServers });
  });
});

/** What the compiler says of the manifests as literals of their types, where an unknown key is an error. */
function typeErrors(change: (object: unknown) => unknown): string {
  const file = join(dir, 'manifests.ts');
  const lines = objects.map((object, i) => {
    const kind = object.kind as Kind;
    const literal = JSON.stringify(change(object));
    return `import type { I${kind} as T${i} } from '${MODULES[kind]}';\nexport const o${i}: T${i} = ${literal};`;
  });
  writeFileSync(file, lines.join('\n'));
  const args = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    '',
  ];
  return spawnSync(join(root, 'node_modules/.bin/tsc'), [...args, file], { cwd: dir, encoding: 'utf8' }).stdout;
}
