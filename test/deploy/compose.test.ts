import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DCLinter } from 'dclint';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { VERSION as REGISTRY_VERSION } from '../support/kafka/registry.ts';
import { composePath, readCompose, root, type Service } from './compose-file.ts';

const { services, configs } = readCompose();
const all = Object.entries(services);
const dir = mkdtempSync(join(tmpdir(), 'sluice-compose-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What the schema says of a file; matters of taste are left to us. */
function problems(file: string): string[] {
  const linter = new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] });
  const results: readonly { messages: readonly { rule: string; message: string }[] }[] = linter.lintFiles(
    [file],
    false,
  );
  const messages = results.flatMap((result) => result.messages);
  return messages.filter(({ rule }) => rule.startsWith('invalid-')).map(({ message }) => message);
}

function each<T>(list: (service: Service) => readonly T[] | undefined): (readonly [string, T])[] {
  return all.flatMap(([name, service]) => (list(service) ?? []).map((one) => [name, one] as const));
}

describe('docker-compose.yml', () => {
  it('fits the schema of the Compose specification, which does not let everything pass', () => {
    expect(problems(composePath)).toEqual([]);
    const wrong = join(dir, 'docker-compose.yml');
    writeFileSync(wrong, readFileSync(composePath, 'utf8').replace('healthcheck:', 'healthchek:'));
    expect(problems(wrong)).not.toEqual([]);
  });

  it('has what a laptop needs, each image with a version', () => {
    expect(Object.keys(services).sort()).toEqual(
      ['feeder', 'grafana', 'kafka', 'prometheus', 'registry', 'sluice', 'topics'].sort(),
    );
    for (const [name, { image }] of all)
      expect([name, image]).toEqual([name, expect.stringMatching(/^\S+:(?!latest)\S+$/)]);
  });

  it('is the broker and the registry that the tests run on', () => {
    const pom = readFileSync(join(root, 'scripts/kafka/pom.xml'), 'utf8');
    expect(services.kafka?.image).toBe(`apache/kafka:${/<version>(4[^<]+)</.exec(pom)?.[1]}`);
    expect(services.registry?.image).toBe(`apicurio/apicurio-registry:${REGISTRY_VERSION}`);
  });

  it('publishes on loopback alone', () => {
    const ports = each(({ ports: list }) => list);
    expect(ports.length).toBeGreaterThan(4);
    for (const [name, port] of ports) expect([name, port]).toEqual([name, expect.stringMatching(/^127\.0\.0\.1:/)]);
  });

  it('mounts files that exist, and waits for services that exist', () => {
    for (const [name, volume] of each(({ volumes }) => volumes)) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) expect([name, source, existsSync(join(root, source))]).toEqual([name, source, true]);
    }
    for (const [name, { source }] of each((service) => service.configs)) expect([name, configs[source]]).toBeTruthy();
    for (const [, { depends_on: needs = [] }] of all)
      for (const need of Array.isArray(needs) ? needs : Object.keys(needs))
        expect(Object.keys(services)).toContain(need);
  });

  it('lets Sluice finish what it has in hand, and shows one token to both ends', () => {
    expect(Number.parseInt(services.sluice?.stop_grace_period ?? '', 10)).toBeGreaterThan(30);
    const tokenOf = (service?: Service) => service?.configs?.find(({ source }) => source === 'http-token')?.target;
    expect(services.sluice?.command).toContain(tokenOf(services.sluice));
    const prometheus = parse(readFileSync(join(root, 'deploy/compose/prometheus.yml'), 'utf8'));
    expect(prometheus.scrape_configs[0].authorization.credentials_file).toBe(
      basename(tokenOf(services.prometheus) ?? ''),
    );
  });

  it('gives Grafana the data source and the dashboards where its provisioning looks for them', () => {
    const provider = parse(readFileSync(join(root, 'grafana/provisioning/dashboards/sluice.yaml'), 'utf8'));
    const source = parse(readFileSync(join(root, 'grafana/provisioning/datasources/prometheus.yaml'), 'utf8'));
    expect(services.grafana?.volumes).toContain(`./grafana/dashboards:${provider.providers[0].options.path}:ro`);
    const { hostname, port } = new URL(source.datasources[0].url);
    expect(services[hostname]?.ports).toContain(`127.0.0.1:${port}:${port}`);
  });
});
