import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWithKafka } from '../support/kafka/describe-kafka.ts';
import { expectedOf, Job, orders } from '../support/kafka/job.ts';
import { until, withAdmin } from '../support/kafka/topics.ts';
import { root, sluice, summaryOf } from './cli.ts';

vi.setConfig({ testTimeout: 120_000 }); // processes are started and waited for

await describeWithKafka('run --workers', (brokers) => {
  let job: Job;
  const values = orders(4000, 71);
  const expected = expectedOf(values, 4);
  const run = (...more: string[]) => ['run', job.topology, '--brokers', brokers.join(','), ...more];

  beforeAll(async () => {
    job = await Job.make({ brokers, partitions: 4 });
    await job.deliver(values.slice(0, 2000));
  });
  afterAll(() => job?.dispose());

  it('shares the partitions, ends after the last record, and adds up what the workers did', async () => {
    const result = await sluice(run('--workers', '2', '--until-end', '--json', '--quiet'));
    expect(result.code).toBe(0);
    expect(unexpected(result.stderr)).toEqual([]);
    const before = expectedOf(values.slice(0, 2000), 4);
    expect(summaryOf(result)).toMatchObject({
      in: 2000,
      curated: before.out!.flat().length,
      duplicate: before.again!.flat().length,
      quarantined: before.quarantine!.flat().length,
      resumed: false,
    });
    expect(await job.outputs()).toEqual(before);
  });

  it('shows the metrics of all workers, has as many members, and stops cleanly when asked', async () => {
    const child = spawn(
      process.execPath,
      [join(root, 'src/cli/main.ts'), ...run('--workers', '3', '--http', '127.0.0.1:0', '--quiet', '--json')],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    try {
      await until('three members', async () => (await members(job)) === 3);
      await job.deliver(values.slice(2000));
      const metrics = async (path: string) => {
        const url = /listening on (\S+)/.exec(stderr)?.[1] ?? '';
        return (await fetch(new URL(path, url))).text();
      };
      await until('all is counted', async () =>
        (await metrics('/metrics')).includes(`sluice_input_records_total{topology="${job.name}"} 2000\n`),
      );
      const page = await metrics('/metrics');
      expect(page).toContain(`sluice_tasks{topology="${job.name}",state="running"} 4\n`);
      expect(page).toMatch(/^sluice_fetched_bytes_total\{.*\} [1-9]/m);
      expect(JSON.parse(await metrics('/readyz'))).toMatchObject({ ready: true });
      child.kill('SIGTERM');
      expect([await ended, unexpected(stderr)]).toEqual([0, []]);
      expect(JSON.parse(stdout)).toMatchObject({ in: 4000, resumed: true });
      expect(await members(job)).toBe(0);
      expect(await job.outputs()).toEqual(expected);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('ends with a failure when one worker dies, and the next run goes on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-workers-'));
    try {
      // in the second thread that starts, something throws outside of all care
      const saboteur = join(folder, 'saboteur.mjs');
      writeFileSync(
        saboteur,
        `import { isMainThread, threadId } from 'node:worker_threads';
if (!isMainThread && threadId === 2) setTimeout(() => { throw new Error('sabotage'); }, 1500);\n`,
      );
      const result = await sluice(run('--workers', '2', '--quiet'), {
        env: { ...process.env, NODE_OPTIONS: `--import=${saboteur}` },
      });
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(/worker 2 died/);
      // a thread that died in the group is a member of it until its session is over
      await until('nobody is left', async () => (await members(job)) === 0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const again = await sluice(run('--workers', '4', '--until-end', '--json', '--quiet'));
    expect(summaryOf(again)).toMatchObject({ in: 4000, resumed: true });
    expect(await job.outputs()).toEqual(expected);
  });

  it('refuses what is no number, and files', async () => {
    const wrong = await sluice(run('--workers', 'many'));
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toMatch(/--workers many: expected a number from 1 to/);
    const local = await sluice(['run', job.topology, '--local', tmpdir(), '--workers', '2']);
    expect(local).toMatchObject({ code: 2 });
    expect(local.stderr).toMatch(/--workers works on Kafka/);
  });
});

async function members(job: Job): Promise<number> {
  return withAdmin(job.brokers, async (admin) => {
    const { groups } = await admin.describeGroups([job.name]);
    const [group] = groups;
    return group?.state === 'Stable' || group?.state === 'Empty' ? group.members.length : -1;
  });
}

/** Lines of stderr but the address of the console, and that a task went to a worker that joined later. */
function unexpected(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !/^listening on |"code":"task-given-up"/.test(line));
}
