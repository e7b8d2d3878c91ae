import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { sluice } from '../e2e/cli.ts';
import { findProgram } from '../support/debian.ts';
import { describeWithCluster } from '../support/kafka/describe-kafka.ts';
import { freePort } from '../support/kafka/ports.ts';
import { readTopic } from '../support/kafka/read-topic.ts';
import { startRegistry } from '../support/kafka/registry.ts';
import { until } from '../support/kafka/topics.ts';
import { kafkaSettings, readCompose, root } from './compose-file.ts';
import { execForm, readDockerfile } from './dockerfile.ts';

/** Films the feeder delivers: the first round of them, and the first few again. */
const FILMS = 3201;
const DELIVERED = FILMS + 99;
const films = join(root, 'node_modules/vega-datasets/data/movies.json');
const { services, configs } = readCompose();
const token = /:-([^}]+)}$/.exec(configs['http-token']?.content ?? '')?.[1] ?? '';
const [plain, host, controller, http, prometheus] = await Promise.all(Array.from({ length: 5 }, freePort));

/** As inside the network of the containers, on loopback. */
function here(text: string): string {
  return text
    .replaceAll(/(kafka)?:9092\b/g, `127.0.0.1:${plain}`)
    .replaceAll(/(localhost)?:29092\b/g, `127.0.0.1:${host}`)
    .replaceAll(/(kafka)?:9093\b/g, `127.0.0.1:${controller}`)
    .replaceAll(/(0\.0\.0\.0|sluice):9464\b/g, `127.0.0.1:${http}`);
}

function brokerSettings(): Record<string, string> {
  const { 'log.dirs': _volume, ...settings } = kafkaSettings(services.kafka?.environment ?? {});
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, here(value)]));
}

const program = findProgram('prometheus', 'prometheus');

const alone = String(services.kafka?.environment?.CLUSTER_ID);
const options = { port: plain!, settings: brokerSettings(), alone };

await describeWithCluster('what the compose file starts', options, (cluster) => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-deploy-'));
  const started: ChildProcess[] = [];
  const brokers = () => here(String(services.sluice?.environment?.KAFKA_BROKERS));
  const env = () => ({ ...process.env, KAFKA_BROKERS: brokers() });
  const commandOf = (name: string) =>
    (services[name]?.command ?? []).map((arg) => here(arg).replace('/etc/sluice/', `${dir}/`));
  const ask = (path: string, authorization?: string) =>
    fetch(`http://127.0.0.1:${http}${path}`, authorization === undefined ? {} : { headers: { authorization } });

  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  it('a broker with these settings, on which the topics are made', async () => {
    expect(brokers()).toBe(cluster().brokers[0]);
    expect(await sluice(commandOf('topics'), { env: env() })).toMatchObject({ code: 0 });
  });

  it('a registry where its port is published', { timeout: 60_000 }, async () => {
    const port = await freePort();
    const [published = ''] = services.registry?.ports ?? [];
    const [, , inside = ''] = published.split(':');
    const given = Object.entries(services.registry?.environment ?? {});
    const env = given.map(([key, value]) => [key, String(value).replace(inside, String(port))]);
    const registry = await startRegistry({ port, env: Object.fromEntries(env) });
    try {
      expect(await (await fetch(`${registry.url}/subjects`)).json()).toEqual([]);
    } finally {
      await registry.close();
    }
  });

  it('a Sluice that is healthy, and shows the console to who has the token', async () => {
    writeFileSync(join(dir, 'http-token'), token);
    const main = join(root, 'src/cli/main.ts');
    started.push(spawn(process.execPath, [main, ...commandOf('sluice')], { cwd: root, env: env(), stdio: 'ignore' }));
    await until('Sluice is ready', async () => (await ask('/readyz')).ok);
    const [check] = readDockerfile().filter(({ name }) => name === 'HEALTHCHECK');
    const [, , probe = ''] = execForm(check?.text ?? '');
    const health = spawnSync(process.execPath, ['-e', probe.replace('9464', String(http))]);
    expect(health.status).toBe(0);
    expect(spawnSync(process.execPath, ['-e', probe.replace('9464', '1')]).status).toBe(1);
    expect((await ask('/')).status).toBe(401);
    expect((await ask('/', `Basic ${Buffer.from(`anybody:${token}`).toString('base64')}`)).status).toBe(200);
  });

  it('a feeder whose films leave as curated, quarantined and duplicates, none lost', async () => {
    const feed = spawnSync(process.execPath, [join(root, 'deploy/compose/feed.ts'), films], {
      env: { ...env(), FEED_PER_SECOND: '1650', FEED_RECORDS: String(DELIVERED) },
      encoding: 'utf8',
    });
    expect([feed.status, feed.stdout.trim()]).toEqual([0, `${DELIVERED} records delivered to movies.raw`]);
    const count = async (topic: string) => (await readTopic(cluster().brokers, topic)).length;
    const counts = async () => Promise.all(['movies.curated', 'movies.quarantine', 'movies.duplicates'].map(count));
    await until('all films have left', async () => (await counts()).reduce((a, b) => a + b) >= DELIVERED);
    const [curated = 0, quarantined = 0, duplicates = 0] = await counts();
    expect(curated + quarantined + duplicates).toBe(DELIVERED);
    expect(duplicates).toBeGreaterThan(50);
  });

  it.runIf(program !== undefined || process.env.CI === 'true')(
    'a Prometheus that scrapes it with the token',
    async () => {
      copyFileSync(join(root, 'grafana/alerts/sluice.rules.yaml'), join(dir, 'sluice.rules.yaml'));
      const config = here(readFileSync(join(root, 'deploy/compose/prometheus.yml'), 'utf8'));
      writeFileSync(join(dir, 'prometheus.yml'), config.replace('scrape_interval: 5s', 'scrape_interval: 1s'));
      const checked = spawnSync('promtool', ['check', 'config', join(dir, 'prometheus.yml')], { encoding: 'utf8' });
      expect([checked.status, checked.stderr]).toEqual([0, '']);
      const args = (services.prometheus?.command ?? []).map((arg) => arg.replace('/etc/prometheus/', `${dir}/`));
      const own = [`--web.listen-address=127.0.0.1:${prometheus}`, `--storage.tsdb.path=${join(dir, 'data')}`];
      started.push(spawn(program ?? 'prometheus', [...args, ...own], { stdio: 'ignore' }));
      await until('a scrape has come back', async () => (await query('sum(sluice_input_records_total)')) === DELIVERED);
      expect(await query('up{job="sluice"}')).toBe(1);
    },
  );

  it('a Sluice that ends by itself when it is asked to', async () => {
    const [run] = started;
    const ended = new Promise((resolve) => run?.once('close', resolve));
    run?.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

async function query(expression: string): Promise<number | undefined> {
  const answer = await fetch(`http://127.0.0.1:${prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = (await answer.json()) as { data: { result: readonly { value: readonly [number, string] }[] } };
  const value = data.result[0]?.value[1];
  return value === undefined ? undefined : Number(value);
}
