import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { silentTransport } from '../../../src/core/transport.ts';
import { sluice } from '../../e2e/cli.ts';
import { describeWithCluster } from '../../support/kafka/describe-kafka.ts';
import { expectedOf, Job, orders } from '../../support/kafka/job.ts';
import { startTokenServer, type TokenServer } from '../../support/kafka/token-server.ts';
import { until } from '../../support/kafka/topics.ts';
import { KafkaJob } from './job.ts';

vi.setConfig({ testTimeout: 120_000 }); // processes are started and waited for

/** Tokens are renewed 10 s before they are over; the broker takes no new one within a second. */
const TOKEN_MS = 12_500;
const RENEWED_AFTER_MS = 2500;
const RENEWALS = 2.5;

const ONCE = `
input: { topic: $.raw, format: json, key: [id], keyMismatch: warn }
commit: { every: 20ms }
steps: [{ id: once, use: dedup, with: { key: [id], window: all } }]
output: { topic: $.out }
`;

await describeWithCluster('a listener with TLS and SASL', { secure: true }, (cluster) => {
  let folder: string;
  let job: Job;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-secure-'));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true, force: true });
    await job?.dispose();
  });

  /** `sluice run` with a file of connection settings; the secret comes from the environment. */
  const runWith = async (sasl: string, secret: string, tls = `{ ca: "\${file:ca.pem}" }`) => {
    const { security, secureBrokers } = cluster();
    copyFileSync(security!.caFile, join(folder, 'ca.pem'));
    const file = join(folder, 'kafka.yaml');
    writeFileSync(file, `brokers: ${secureBrokers.join(',')}\ntls: ${tls}\nsasl: ${sasl}\n`);
    const { KAFKA_BROKERS: _, ...env } = process.env;
    const args = ['run', job.topology, '--kafka-config', file, '--until-end', '--quiet', '--json'];
    return sluice(args, { env: { ...env, SECRET: secret } });
  };
  const run = (config: { readonly mechanism: string; readonly trusts?: boolean }, password: string) =>
    runWith(
      `{ mechanism: ${config.mechanism}, username: ${cluster().security!.username}, password: "\${env:SECRET}" }`,
      password,
      config.trusts === false ? 'true' : undefined,
    );

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'is worked on with %s, and the outputs are right',
    async (mechanism) => {
      job = await Job.make({ brokers: cluster().brokers });
      const values = orders(500, 61);
      await job.deliver(values);
      expect(await run({ mechanism }, cluster().security!.password)).toMatchObject({ code: 0, stderr: '' });
      expect(await job.outputs()).toEqual(expectedOf(values, job.partitions));
    },
  );

  it('refuses a wrong password and an unknown certificate, in words, without showing the secret', async () => {
    job = await Job.make({ brokers: cluster().brokers });
    const guess = 'a-wrong-guess';
    const wrong = await run({ mechanism: 'scram-sha-256' }, guess);
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toMatch(/auth/i);
    expect(wrong.stderr + wrong.stdout).not.toContain(guess);
    const untrusted = await run({ mechanism: 'scram-sha-256', trusts: false }, cluster().security!.password);
    expect(untrusted.code).not.toBe(0);
    expect(untrusted.stderr).toMatch(/certificate/i);
    expect(untrusted.stderr + untrusted.stdout).not.toContain(cluster().security!.password);
  });

  it('is worked on with tokens of an authorization server', async () => {
    job = await Job.make({ brokers: cluster().brokers });
    const values = orders(500, 62);
    await job.deliver(values);
    const server = await startTokenServer(3_600_000);
    try {
      expect(await runWith(oauth(server), 'a client secret')).toMatchObject({ code: 0, stderr: '' });
      expect(await job.outputs()).toEqual(expectedOf(values, job.partitions));
      const asked = 'sluice:a%20client%20secret grant_type=client_credentials&scope=kafka';
      expect(server.asked).toEqual([asked]); // once, for all connections
    } finally {
      await server.close();
    }
  });

  it('asks for new tokens before those it came with are over, and goes on with them', async () => {
    const { brokers, secureBrokers, security } = cluster();
    const server = await startTokenServer(TOKEN_MS);
    const live = new KafkaJob(brokers, ONCE);
    await live.create(2);
    const errors: string[] = [];
    const observer = { ...silentTransport, clientError: (kind: string) => void errors.push(kind) };
    const instance = await live.start({
      kafka: {
        brokers: secureBrokers.join(','),
        config: {
          tls: { ca: readFileSync(security!.caFile, 'utf8') },
          sasl: { mechanism: 'oauthbearer', tokenUrl: server.url, clientId: 'sluice', clientSecret: 'secret' },
        },
        observer,
      },
    });
    try {
      const began = performance.now();
      let n = 0;
      let atFirst = 0;
      while (performance.now() - began < RENEWALS * RENEWED_AFTER_MS) {
        await live.feed(
          'raw',
          [0, 1].map((partition) => ({ key: `${n}`, value: `{"id":${n++}}`, partition })),
        );
        await sleep(100);
        if (performance.now() - began < RENEWED_AFTER_MS) atFirst = server.asked.length;
      }
      await until('all is read', async () => (await live.readAll('out')).length === n);
      expect(await instance.stop()).toMatchObject({ in: n, curated: n });
      expect(server.asked.length).toBeGreaterThan(atFirst);
      // markers that are being written and topics that are new are waited for; no connection breaks
      expect(errors.filter((kind) => kind !== 'busy' && kind !== 'stale')).toEqual([]);
    } finally {
      await server.close();
    }
  });

  it('refuses a token that is over, and says when the authorization server gives none', async () => {
    job = await Job.make({ brokers: cluster().brokers });
    const server = await startTokenServer(-60_000);
    try {
      const over = await runWith(oauth(server), 'a client secret');
      expect(over.code).not.toBe(0);
      expect(over.stderr).toMatch(/refuses the token \(SASL OAUTHBEARER authentication\): .*invalid_token/);
      server.refuses = 401;
      const refused = await runWith(oauth(server), 'a client secret');
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain(`${server.url} gave no token (HTTP 401)`);
      expect(over.stderr + refused.stderr).not.toContain('a client secret');
    } finally {
      await server.close();
    }
  });
});

const oauth = ({ url }: TokenServer) =>
  `{ mechanism: oauthbearer, tokenUrl: "${url}", clientId: sluice, clientSecret: "\${env:SECRET}", scope: kafka }`;
