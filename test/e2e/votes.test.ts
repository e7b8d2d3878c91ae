import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { root, sluice, summaryOf } from './cli.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-votes-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Row = Readonly<Record<string, unknown>>;

/** A gallery topology on files of its own; every run is the same command. */
class Job {
  private readonly folder: string;
  private readonly topology: string;
  private readonly topics: readonly string[];

  constructor(topology: string, topics: readonly string[]) {
    this.topology = topology;
    this.topics = topics;
    this.folder = join(dir, topology);
    mkdirSync(this.folder);
    for (const topic of topics) writeFileSync(this.input(topic), '');
  }

  append(topic: string, rows: readonly unknown[]): void {
    appendFileSync(this.input(topic), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }

  async run(): Promise<Record<string, unknown>> {
    const topics = this.topics.flatMap((topic) => ['--topic', `${topic}=${this.input(topic)}`]);
    const path = join(root, 'topologies', `${this.topology}.yaml`);
    const result = await sluice(['run', path, '--local', join(this.folder, 'out'), ...topics, '--json', '--quiet']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    return summaryOf(result);
  }

  rows(topic: string): Row[] {
    const path = join(this.folder, 'out', `${topic}.ndjson`);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line)); // biome-ignore format: one pipeline
  }

  private input(topic: string): string {
    return join(this.folder, `${topic}.in.ndjson`);
  }
}

describe('the loop of active learning on files', () => {
  const ITEMS = 400;
  const truth = (i: number) => (uniform(1, i) < 0.5 ? 'cat' : 'dog');
  const other = (label: string) => (label === 'cat' ? 'dog' : 'cat');
  const say = (i: number, voter: number, accuracy: number) =>
    uniform(2, i, voter) < accuracy ? truth(i) : other(truth(i));

  it('asks for what is unsure, within budget, and answers make labels better', async () => {
    const job = new Job('active-labels', ['votes.raw', 'labels.answers', 'labels.verdicts']);
    const models = Array.from({ length: ITEMS * 3 }, (_, n) => {
      const [i, m] = [Math.floor(n / 3), n % 3];
      return { item: `i${i}`, voter: `model-${m}`, label: say(i, m, 0.7 + 0.05 * m) };
    });
    job.append('votes.raw', models);
    const accuracy = (): number => {
      const last = new Map(
        [...job.rows('labels.consensus'), ...job.rows('labels.undecided')]
          .sort((a, b) => Number(a.revision) - Number(b.revision))
          .map((row) => [row.item, row.label]),
      );
      return Array.from({ length: ITEMS }, (_, i) => last.get(`i${i}`) === truth(i)).filter(Boolean).length / ITEMS;
    };
    await job.run();
    const before = accuracy();
    let votes = models.length;
    let answered = 0;
    for (let round = 0; round < 3; round++) {
      const requests = job.rows('labels.requests');
      expect(requests.length).toBeLessThanOrEqual(0.2 * votes);
      expect(requests.length).toBeGreaterThan(answered);
      const answers = requests.slice(answered).map(({ item }, n) => {
        const voter = 10 + ((answered + n) % 4) + 4 * round;
        return { item, voter: `person-${voter}`, label: say(Number(String(item).slice(1)), voter, 0.92) };
      });
      job.append('labels.answers', answers);
      answered += answers.length;
      votes += answers.length;
      expect(await job.run()).toMatchObject({ resumed: true });
    }
    expect(accuracy()).toBeGreaterThanOrEqual(before + 0.05);
    expect(job.rows('labels.consensus').some(({ revision }) => Number(revision) > 0)).toBe(true);
    const events = job.rows('active-labels.events').map(({ type }) => type);
    expect(new Set(events)).toEqual(new Set(['voter.report', 'vote.revised']));
    const lines = job.rows('labels.consensus').length;
    await job.run();
    expect(job.rows('labels.consensus')).toHaveLength(lines);
  }, 120_000);
});

describe('verdicts of people on rules that vote', () => {
  const listing = (id: number) => ({
    id,
    price: 20 + Math.floor(200 * uniform(5, id)),
    title: uniform(6, id) < 0.9 ? 'A table of oak' : 'table',
    seller: { sales: Math.floor(40 * uniform(7, id)) },
    photos: uniform(8, id) < 0.9 ? ['a.jpg'] : [],
  });

  it('200 overturned verdicts bring a bad rule below .5, and coming again they change nothing', async () => {
    const job = new Job('voting-rules', ['listings.raw', 'listings.verdicts']);
    const listings = Array.from({ length: 600 }, (_, id) => listing(id));
    job.append('listings.raw', listings);
    await job.run();
    const failed = listings.filter(({ price }) => price % 5 !== 0).slice(0, 200);
    expect(failed).toHaveLength(200);
    const verdicts = failed.map((value) => ({ id: value.id, valid: true, value }));
    const precision = (): unknown =>
      job
        .rows('voting-rules.events')
        .filter(({ type }) => type === 'rule.report')
        .map(({ data }) => data as Row) // rule.report carries an object
        .findLast(({ rule }) => rule === 'price-round')!.precision;
    expect(precision()).toBeUndefined();
    job.append('listings.verdicts', verdicts);
    expect(await job.run()).toMatchObject({ merged: 200 });
    expect(precision()).toBeLessThan(0.5);
    const before = job.rows('voting-rules.events').filter(({ type }) => type === 'rule.report').slice(-5); // biome-ignore format: one pipeline
    job.append('listings.verdicts', verdicts);
    expect(await job.run()).toMatchObject({ merged: 400 });
    const after = job.rows('voting-rules.events').filter(({ type }) => type === 'rule.report').slice(-5); // biome-ignore format: one pipeline
    expect(after.map(({ data }) => data)).toEqual(before.map(({ data }) => data));
  }, 120_000);
});
