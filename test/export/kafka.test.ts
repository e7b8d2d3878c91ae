import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigResourceTypes } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KafkaJob } from '../brokers/kafka/job.ts';
import { sluice } from '../e2e/cli.ts';
import { deliver } from '../support/kafka/deliver.ts';
import { describeWithCluster } from '../support/kafka/describe-kafka.ts';
import { readTopic } from '../support/kafka/read-topic.ts';
import { abortedRecords, until, withAdmin } from '../support/kafka/topics.ts';
import { filesIn, linesOf } from './compare.ts';

const TOPOLOGY = `
input: { topic: $.raw, key: [id] }
steps:
  - id: sane
    use: check
    with: { rules: [{ name: known, field: id, min: 0 }, { name: even, field: wave, in: [0, 2, 4], severity: warn }] }
output: { topic: $.out, certificate: full }
`;
const HOUR = 3_600_000;
const START = Date.parse('2026-01-31T00:00:00Z');
const PARTITIONS = 2;

/** Each wave has an hour of its own; the keys of waves 0, 2 and 3 are the same, those of wave 1 are nobody else's. */
const wave = (n: number) =>
  Array.from({ length: 60 }, (_, i) => ({
    key: String(n === 1 ? 1000 + i : i),
    value: JSON.stringify({ id: n === 1 ? 1000 + i : i, wave: n }),
    partition: i % PARTITIONS,
    timestamp: String(START + n * HOUR + i * 1000),
  }));

await describeWithCluster(
  'an export of a topic of Kafka',
  { settings: { 'log.cleaner.backoff.ms': 300, 'log.cleaner.min.cleanable.ratio': 0.01 } },
  (cluster) => {
    let dir = '';
    let job: KafkaJob;
    const topic = () => `${job.name}.out`;
    const at = (name: string) => join(dir, name);
    const env = () => ({ ...process.env, KAFKA_BROKERS: cluster().brokers.join(',') });
    const exported = (out: string, ...flags: string[]) =>
      sluice(['export', topic(), '--out', at(out), ...flags], { env: env() });
    const manifestOf = (out: string) => JSON.parse(readFileSync(join(at(out), 'manifest.json'), 'utf8'));
    /** By kcat: what is committed of a partition. */
    const seen = async (partition: number) =>
      (await readTopic(cluster().brokers, topic(), { partition })).map(({ offset, value }) => ({
        offset,
        text: String(value),
      }));

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'sluice-export-kafka-'));
      job = new KafkaJob(cluster().brokers, TOPOLOGY);
      await job.create(PARTITIONS);
      for (const n of [0, 1]) {
        await job.feed('raw', wave(n));
        await job.runToEnd();
        if (n === 0)
          await abortedRecords(cluster().brokers, topic(), [{ key: '5', value: '{"id":"aborted"}', partition: 0 }]);
      }
    });
    afterAll(() => rmSync(dir, { recursive: true, force: true }));

    /** Rolls the segment, so that what stands before is compacted; the keys of wave 0 go when wave 3 is there. */
    async function compact(): Promise<void> {
      await withAdmin(cluster().brokers, (admin) =>
        admin.alterConfigs({
          validateOnly: false,
          resources: [
            {
              type: ConfigResourceTypes.TOPIC,
              name: topic(),
              configEntries: [
                { name: 'cleanup.policy', value: 'compact' },
                { name: 'segment.ms', value: '500' },
                { name: 'min.cleanable.dirty.ratio', value: '0.01' },
              ],
            },
          ],
        }),
      );
      const before = (await seen(0))[0]?.offset ?? -1;
      await until('compaction', async () => {
        const tail = Array.from({ length: PARTITIONS }, (_, partition) => ({
          key: 'tail',
          value: '{"id":1}',
          partition,
        }));
        await deliver(cluster().brokers, topic(), tail);
        const starts = await Promise.all([0, 1].map(async (partition) => (await seen(partition))[0]?.offset ?? -1));
        return starts.every((offset) => offset > before);
      });
    }

    it('gives what a reader of committed data sees, with every hole named', async () => {
      expect(await exported('whole', '--meta')).toMatchObject({ code: 0 });
      const { partitions, counts, topology } = manifestOf('whole');
      expect(counts).toMatchObject({ records: 120, rules: { 'sane/even': { warn: 60 } } });
      expect(topology).toEqual([{ topology: job.name, plan: job.plan.fingerprint, by: 'certificates' }]);
      for (const partition of [0, 1]) {
        const records = await seen(partition);
        expect(linesOf(at(`whole/part-0000${partition}.ndjson`))).toEqual(records.map(({ text }) => text));
        const offsets = new Set(records.map(({ offset }) => offset));
        const { from, to, holes } = partitions[partition];
        const listed = holes.ranges.flatMap(([first, end]: [number, number]) =>
          Array.from({ length: end - first }, (_, i) => first + i),
        );
        const missing = Array.from({ length: to - from }, (_, i) => from + i).filter((offset) => !offsets.has(offset));
        expect(listed).toEqual(missing);
        expect(missing.length).toBeGreaterThan(0);
      }
      const origins = linesOf(at('whole/part-00000.meta.ndjson')).map((line) => JSON.parse(line).origin.topic);
      expect(new Set(origins)).toEqual(new Set([`${job.name}.raw`]));
    });

    it('is byte for byte the same after a compaction of other ranges and a restart', async () => {
      const since = new Map<number, number>();
      const ends = new Map<number, number>();
      for (const partition of [0, 1]) {
        const mine = (await seen(partition)).filter(({ text }) => JSON.parse(text).wave === 1);
        since.set(partition, mine[0]?.offset ?? 0);
        ends.set(partition, (mine.at(-1)?.offset ?? 0) + 1);
      }
      const text = (map: Map<number, number>) => [...map].map((pair) => pair.join(':')).join();
      const ranges = {
        offsets: ['--since', text(since), '--until', text(ends), '--meta', '--parquet'],
        times: ['--since', '2026-01-31T01:00:00Z', '--until', '2026-01-31T02:00:00Z', '--meta'],
      };
      for (const [name, flags] of Object.entries(ranges)) {
        expect(await exported(name, ...flags)).toMatchObject({ code: 0 });
        expect(manifestOf(name).counts.records).toBe(60);
      }
      for (const n of [2, 3]) {
        await job.feed('raw', wave(n));
        await job.runToEnd();
      }
      await compact();
      const node = cluster().nodes[0];
      await node?.stop();
      await node?.start();
      await until('the broker', async () => (await seen(0)).length > 0);
      for (const [name, flags] of Object.entries(ranges)) {
        expect(await exported(`${name}-2`, ...flags)).toMatchObject({ code: 0 });
        expect(filesIn(at(`${name}-2`)), name).toEqual(filesIn(at(name)));
        expect(await exported(`${name}-3`, '--again', at(name), ...flags.slice(4))).toMatchObject({ code: 0 });
        expect(filesIn(at(`${name}-3`)), name).toEqual(filesIn(at(name)));
      }
      expect(await exported('holey', '--since', '0', '--until', text(since))).toMatchObject({ code: 0 });
      expect(manifestOf('holey').counts.records, 'wave 0 was compacted').toBe(0);
    });

    it('refuses records that were deleted, and an end that is not committed', async () => {
      const late = await exported('late', '--until', '100000');
      expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining('could still change') });
      const raw = `${job.name}.raw`;
      await withAdmin(cluster().brokers, async (admin) => {
        await admin.fetchTopicOffsets(raw); // the client knows no other topics
        await admin.deleteTopicRecords({ topic: raw, partitions: [{ partition: 0, offset: '10' }] });
      });
      const gone = await sluice(['export', raw, '--out', at('gone'), '--since', '3'], { env: env() });
      expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('Export from 10') });
    });

    it('says at which record there is no JSON', async () => {
      const raw = `${job.name}.raw`;
      await deliver(cluster().brokers, raw, [{ value: 'no json', partition: 1 }]);
      const result = await sluice(['export', raw, '--out', at('text')], { env: env() });
      expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('partition 1, offset 120') });
      expect(() => filesIn(at('text'))).toThrow();
    });
  },
);
