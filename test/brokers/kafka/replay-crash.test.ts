import { expect, it } from 'vitest';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import type { FaultPoint } from '../../../src/core/broker.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { Choice } from '../../../src/quarantine/choice.ts';
import { KafkaReplay, type SendOptions } from '../../../src/quarantine/kafka-replay.ts';
import { isDone, type ReplayRequest, sentBy } from '../../../src/quarantine/replay-run.ts';
import { deliver } from '../../support/kafka/deliver.ts';
import { describeWithKafka } from '../../support/kafka/describe-kafka.ts';
import { readTopic } from '../../support/kafka/read-topic.ts';
import { withAdmin } from '../../support/kafka/topics.ts';
import { KafkaJob } from './job.ts';

const ENTRIES = 30;
/** Ten entries a transaction: three of them, and the one that opens the replay. */
const PER_SECOND = 40;
const request: ReplayRequest = { filter: { where: [], fields: [] }, times: [null, null], maxAttempts: 3, fix: null };

type Told = Pick<SendOptions, 'choice' | 'onGone'>;

await describeWithKafka('a replay that dies', (brokers) => {
  const settings = kafkaSettings({ replayKey: 'a secret of the test, and long enough' }, brokers.join(','));

  async function quarantined(): Promise<KafkaJob> {
    const job = new KafkaJob(
      brokers,
      'input: { topic: $.raw, format: json }\nsteps: [{ id: sane, use: check, with: { rules: [{ field: n, type: number }] } }]\noutput: { topic: $.out }\n',
    );
    await job.create(2);
    const { name } = job;
    const messages = Array.from({ length: ENTRIES }, (_, i) => ({
      value: `{"n":"${i}"}`,
      partition: 0,
      headers: {
        'sluice-origin': JSON.stringify({ topic: `${name}.raw`, partition: i % 2, offset: i }),
        'sluice-topology': name,
        'sluice-step': 'sane',
        'sluice-attempt': '1',
        'sluice-findings': '[]',
      },
    }));
    await deliver(brokers, `${name}.quarantine`, messages);
    return job;
  }

  /** From the command line to the end, or to where `point` throws. */
  async function replay({ name, plan }: KafkaJob, point: FaultPoint, told: Partial<Told> = {}): Promise<number> {
    const options = { plan, topic: `${name}.quarantine`, settings, clock: systemClock, point };
    await using work = new KafkaReplay(options);
    await work.takeOver('one');
    const begun = (await work.known('one')).find(({ run }) => run === 'one');
    const done = await work.send(begun ?? (await work.open('one', request)), {
      choice: told.choice ?? new Choice({ plan, maxAttempts: 3, wasBefore: () => false }),
      fix: (entries) => Promise.resolve(entries.map(({ value }) => value ?? '')),
      perSecond: PER_SECOND,
      signal: new AbortController().signal,
      onGone: told.onGone ?? (() => {}),
    });
    expect(isDone(done)).toBe(true);
    return sentBy(done);
  }

  it.each(['commit.begin', 'commit.enlisted', 'commit.written', 'commit.done'])(
    'at %s, of each of its transactions, sends every record once when it is given again',
    async (where) => {
      const job = await quarantined();
      let deaths = 0;
      for (let sent = -1; sent < 0; ) {
        let left = 1 + (deaths % 2); // what was in hand when it died comes first again: by turns it, and the one behind it
        const dying = (point: string) => {
          if (point === where && --left === 0) throw new Error(`died at ${point}`);
        };
        sent = await replay(job, dying).catch((error: Error) => {
          expect(error.message).toContain(`died at ${where}`);
          deaths++;
          return -1;
        });
      }
      expect(deaths).toBeGreaterThanOrEqual(3);
      expect(await replay(job, () => {})).toBe(ENTRIES);
      const seen = await readTopic(brokers, `${job.name}.raw`);
      const sent = Array.from({ length: ENTRIES }, (_, i) => [i % 2, `{"n":"${i}"}`]);
      const bySize = (a: readonly unknown[], b: readonly unknown[]) => String(a).localeCompare(String(b));
      expect(seen.map(({ partition, value }) => [partition, String(value)]).toSorted(bySize)).toEqual(
        sent.toSorted(bySize),
      );
    },
  );

  it('goes on behind what was deleted from the quarantine since, says so, and counts what is none of ours', async () => {
    const job = await quarantined();
    const topic = `${job.name}.quarantine`;
    await deliver(brokers, topic, [{ value: '{"n":"x"}', partition: 1 }]);
    let left = 2;
    const dying = (point: string) => {
      if (point === 'commit.begin' && --left === 0) throw new Error('died');
    };
    await expect(replay(job, dying)).rejects.toThrow('died');
    await withAdmin(brokers, async (admin) => {
      await admin.fetchTopicOffsets(topic); // else the client knows no leader of it
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '12' }] });
    });
    const gone: [number, number][] = [];
    const choice = new Choice({ plan: job.plan, maxAttempts: 3, wasBefore: () => false });
    const onGone = (partition: number, offsets: number) => gone.push([partition, offsets]);
    expect(await replay(job, () => {}, { choice, onGone })).toBe(ENTRIES - 12);
    expect(gone).toEqual([[0, 12]]);
    expect(choice.leftOut()).toMatchObject([{ n: 1, why: 'not written by this topology' }]);
    expect(await readTopic(brokers, `${job.name}.raw`)).toHaveLength(ENTRIES - 12);
  });
});
