import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deliver } from '../support/kafka/deliver.ts';
import { describeWithKafka } from '../support/kafka/describe-kafka.ts';
import { readTopic } from '../support/kafka/read-topic.ts';
import { topicName, until } from '../support/kafka/topics.ts';
import { root, sluice, summaryOf } from './cli.ts';

const RECORDS = 400;
const PARTITIONS = 2;
const KEY = 'a secret of the test, and long enough';

/** Every fifth record has a bad quantity, every tenth one that no fix mends; ids come back, so the dedup state counts. */
const records = Array.from({ length: RECORDS }, (_, i) => ({
  id: `k${i % 350}`,
  text: `{"id":"k${i % 350}","qty":${i % 10 === 3 ? '"none at all"' : i % 10 === 8 ? `"${i} pcs"` : i},"big":12345678901234567890}`,
}));
const isMendable = (i: number) => i % 10 === 8;
const isBad = (i: number) => i % 10 === 3 || isMendable(i);
const UNFIXABLE = records.filter((_, i) => isBad(i) && !isMendable(i)).length;

/** What a plain loop makes of it: first all records, then the mended ones. The order within one id is that of its partition. */
function oracle(): { curated: string[]; duplicates: number } {
  const seen = new Set<string>();
  const curated: string[] = [];
  const take = ({ id, text }: { id: string; text: string }) => {
    if (!seen.has(id)) curated.push(text);
    seen.add(id);
  };
  records.forEach((record, i) => {
    if (!isBad(i)) take(record);
  });
  const mended = records.filter((_, i) => isMendable(i));
  for (const { id, text } of mended) take({ id, text: text.replace(/"(\d+) pcs"/, '$1') });
  const good = records.filter((_, i) => !isBad(i)).length;
  return { curated: curated.toSorted(), duplicates: good + mended.length - curated.length };
}

const FIX =
  "steps:\n  - { id: n, use: clean, with: { fields: { qty: [{ replace: { pattern: ' pcs$', with: '' } }, to-number] } } }\n";

await describeWithKafka('replay on Kafka', (brokers) => {
  const { SLUICE_REPLAY_KEY: _, ...plainEnv } = process.env;
  const keyless = { ...plainEnv, KAFKA_BROKERS: brokers.join(',') };
  const env = { ...keyless, SLUICE_REPLAY_KEY: KEY };
  let dir = '';
  let fix = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-kafka-replay-'));
    fix = join(dir, 'fix.yaml');
    writeFileSync(fix, FIX);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  class Shop {
    readonly name = topicName('shop');
    readonly file = join(dir, `${this.name}.yaml`);

    /** The topology has read all records; `before` stands above its check. */
    async open(before: readonly string[] = []): Promise<this> {
      const { name } = this;
      writeFileSync(
        this.file,
        [
          `name: ${name}`,
          `input: { topic: ${name}.raw, format: json, key: [id] }`,
          'steps:',
          ...before,
          '  - { id: sane, use: check, with: { rules: [{ field: qty, type: number }] } }',
          '  - { id: once, use: dedup, with: { key: [id], window: all } }',
          `output: { topic: ${name}.out }`,
          `outputs: { once.duplicates: ${name}.again }`,
        ].join('\n'),
      );
      const made = await sluice(['topics', this.file, '--create', '--partitions', String(PARTITIONS)], { env });
      expect(made).toMatchObject({ code: 0 });
      await deliver(
        brokers,
        `${name}.raw`,
        records.map(({ id, text }) => ({ key: id, value: text })),
      );
      expect(await this.run()).toMatchObject({ code: 0 });
      return this;
    }

    run(...args: string[]) {
      return sluice(['run', this.file, '--until-end', '--quiet', '--json', ...args], { env });
    }

    replay(...args: string[]) {
      return sluice(['replay', this.file, '--json', ...args], { env });
    }

    start(...args: string[]): ChildProcess {
      return spawn(process.execPath, [join(root, 'src/cli/main.ts'), 'replay', this.file, ...args], {
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    }

    untilSent(n: number): Promise<void> {
      return until(`${n} records sent`, async () => (await this.values('raw')).length >= RECORDS + n);
    }

    async refused(attempt: number): Promise<number> {
      const { stdout } = await sluice(['quarantine', this.file, 'count', '--json', '--where', `attempt=${attempt}`], {
        env,
      });
      return JSON.parse(stdout).entries;
    }

    async values(topic: 'out' | 'again' | 'raw'): Promise<string[]> {
      return (await readTopic(brokers, `${this.name}.${topic}`)).map(({ value }) => String(value)).toSorted();
    }

    /** As the replay was meant to leave it. */
    async expectReplayed(): Promise<void> {
      const { curated, duplicates } = oracle();
      // a commit is answered a moment before readers see it
      await until('what is curated is seen', async () => (await this.values('out')).length >= curated.length);
      expect(await this.values('out')).toEqual(curated);
      expect(await this.values('again')).toHaveLength(duplicates);
      expect(await this.refused(1)).toBe(records.filter((_, i) => isBad(i)).length);
      expect(await this.refused(2)).toBe(UNFIXABLE);
    }
  }

  it('brings what a fix mends to curated exactly once, and what it does not back to quarantine as attempt 2', async () => {
    const shop = await new Shop().open();
    const mendedIds = new Set(records.filter((_, i) => isMendable(i)).map(({ id }) => id));
    const trial = await shop.replay('--fix', fix, '--dry-run');
    expect(summaryOf(trial)).toMatchObject({
      records: 80,
      dryRun: true,
      quarantined: UNFIXABLE,
      curated: mendedIds.size,
    });
    expect(trial.stderr).toContain('nothing remembered in once');
    expect(await shop.values('raw')).toHaveLength(RECORDS);

    const done = await shop.replay('--fix', fix, '--run', 'first');
    expect(done).toMatchObject({ code: 0 });
    expect(summaryOf(done)).toMatchObject({ run: 'first', records: 80, finished: true });
    expect(summaryOf(await shop.run())).toMatchObject({ in: RECORDS + 80 });
    await shop.expectReplayed();

    const again = await shop.replay('--fix', fix, '--run', 'first');
    expect(again.stderr).toContain('first is finished: nothing new');
    const differs = await shop.replay('--run', 'first', '--where', 'rule=x');
    expect(differs).toMatchObject({ code: 2 });
    expect(differs.stderr).toContain('replay first was begun with --max-attempts 3 a --fix of SHA-256');
    expect(await shop.values('raw')).toHaveLength(RECORDS + 80);

    const second = await shop.replay();
    expect(second.stderr).toContain('80 left out: in a replay before');
    expect(summaryOf(second)).toMatchObject({ run: 'replay-2', records: UNFIXABLE });
    await shop.run();
    expect(await shop.refused(3)).toBe(UNFIXABLE);
    expect((await shop.replay()).stderr).toContain(`${UNFIXABLE} left out: refused 3 times`);
  }, 120_000);

  it('killed at any moment, or shut out by another one, and given again, ends as if nothing had happened', async () => {
    const shop = await new Shop().open(['  - { id: by, use: repartition, with: { key: [id] } }']);
    const sent = async () => (await shop.values('raw')).length - RECORDS;
    for (const n of [1, 5, 9]) {
      const child = shop.start('--fix', fix, '--rate', '8/s');
      const end = ended(child);
      await shop.untilSent(n);
      child.kill('SIGKILL');
      expect(await end).toMatchObject({ code: null });
      expect(await sent()).toBeLessThan(80);
    }
    const other = await shop.replay('--run', 'other', '--fix', fix);
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toContain('replay-1 is not finished');

    const older = shop.start('--fix', fix, '--rate', '1/s');
    const olderEnd = ended(older);
    await shop.untilSent((await sent()) + 1);
    const newer = await shop.replay('--fix', fix);
    expect(newer.stderr).toContain('going on with replay-1');
    expect(summaryOf(newer)).toMatchObject({ run: 'replay-1', records: 80, finished: true });
    const { code, stderr } = await olderEnd;
    expect(code).toBe(1);
    expect(stderr).toContain('another replay of this topology has begun');
    expect(await shop.values('raw')).toHaveLength(RECORDS + 80);
    await shop.run();
    await shop.expectReplayed();
  }, 120_000);

  it('takes no attempt that nobody has signed, says so, and asks for a key', async () => {
    const shop = await new Shop().open();
    expect(await sluice(['replay', shop.file], { env: keyless })).toMatchObject({ code: 2 });
    const bad = { key: 'k1', value: '{"id":"k1","qty":"x"}' };
    const mark = JSON.stringify({
      attempt: 7,
      origin: { topic: `${shop.name}.raw`, partition: 0, offset: 1 },
      run: 'r',
    });
    const forged = Buffer.concat([Buffer.alloc(32, 1), Buffer.from(mark)]);
    const before = await shop.refused(1);
    await deliver(brokers, `${shop.name}.raw`, [
      { ...bad, headers: { 'sluice-replay': forged } },
      { ...bad, headers: { 'sluice-replay': mark } },
      { ...bad, headers: { 'sluice-attempt': '7' } },
    ]);
    const run = await shop.run('--log-level', 'warn');
    expect(run.stderr.split('\n').filter((line) => line.includes('replay-refused'))).toHaveLength(2);
    expect(await shop.refused(1)).toBe(before + 3);
    expect(await shop.refused(8)).toBe(0);
  }, 60_000);
});

function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly stderr: string }> {
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stderr }));
  });
}
