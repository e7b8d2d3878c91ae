import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { sluice } from '../../e2e/cli.ts';
import { describeWithCluster } from '../../support/kafka/describe-kafka.ts';
import { expectedOf, Job, orders } from '../../support/kafka/job.ts';

vi.setConfig({ testTimeout: 120_000 }); // processes are started and waited for

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

  /** `sluice run` with a file of connection settings; the password comes from the environment. */
  const run = async (config: { readonly mechanism: string; readonly trusts?: boolean }, password: string) => {
    const { security, secureBrokers } = cluster();
    copyFileSync(security!.caFile, join(folder, 'ca.pem'));
    const tls = config.trusts === false ? 'true' : `{ ca: "\${file:ca.pem}" }`;
    const sasl = `{ mechanism: ${config.mechanism}, username: ${security!.username}, password: "\${env:SECRET}" }`;
    const file = join(folder, 'kafka.yaml');
    writeFileSync(file, `brokers: ${secureBrokers.join(',')}\ntls: ${tls}\nsasl: ${sasl}\n`);
    const { KAFKA_BROKERS: _, ...env } = process.env;
    const args = ['run', job.topology, '--kafka-config', file, '--until-end', '--quiet', '--json'];
    return sluice(args, { env: { ...env, SECRET: password } });
  };

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
});
