import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { films } from '../e2e/movies-oracle.ts';
import { linesOf } from '../export/compare.ts';
import { deliver } from '../support/kafka/deliver.ts';
import { describeWithKafka } from '../support/kafka/describe-kafka.ts';
import { installKafka, needTool } from '../support/kafka/install.ts';
import { readTopic } from '../support/kafka/read-topic.ts';
import { abortedRecords, topicName } from '../support/kafka/topics.ts';
import { blocksOf, commandsOf, follow, runCommand } from './page.ts';

const PAGE = 'docs/for-trainers.md';
const AGAIN = 500;

interface Film {
  readonly id: string;
  readonly title: string | null;
  readonly rating: number | null;
  readonly votes: number | null;
}

function filmList(): readonly Film[] {
  return films().map((film, i) => ({
    id: `f${i}`,
    title: film.Title === null ? null : ` ${film.Title} `,
    rating: i % 143 === 7 ? 11 : film['IMDB Rating'],
    votes: (film as unknown as Record<string, number | null>)['IMDB Votes'] ?? null, // a column of the list
  }));
}

function isGood({ title, rating }: Film): boolean {
  return title !== null && title.trim() !== '' && (rating === null || (rating >= 0 && rating <= 10));
}

/** What must be curated, by a plain loop that shares nothing with the engine. */
function oracle(all: readonly Film[]): string[] {
  const curated: string[] = [];
  for (const film of all) {
    if (!isGood(film)) continue;
    const { id, title, rating, votes } = film;
    const name = title?.trim().replace(/\s+/g, ' ') ?? '';
    curated.push(JSON.stringify({ id, title: name, rating, votes }));
  }
  return curated.sort();
}

/** The script of Kafka's distribution, over the jars: it logs warnings to stderr. */
async function installConsoleConsumer(bin: string): Promise<void> {
  const home = await installKafka();
  const log = ['appender.err.type = Console', 'appender.err.name = err', 'appender.err.target = SYSTEM_ERR'];
  const root = ['rootLogger.level = WARN', 'rootLogger.appenderRef.err.ref = err'];
  writeFileSync(join(bin, 'log4j2.properties'), [...log, ...root].join('\n'));
  const java = `java -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile='${bin}/log4j2.properties' -cp '${home}/jars/*'`;
  const main = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
  writeFileSync(join(bin, 'kafka-console-consumer.sh'), `#!/bin/sh\nexec ${java} ${main} "$@"\n`, { mode: 0o755 });
}

await describeWithKafka('docs/for-trainers.md, followed word for word', (brokers) => {
  const name = topicName('films');
  const all = filmList();
  const expected = oracle(all);
  let folder = '';
  const env = () => ({ ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}` });
  const translate = (text: string) =>
    text
      .replace(/\bfilms\.(raw|curated|quarantine)\b/g, `${name}.$1`)
      .replace('name: films', `name: ${name}`)
      .replaceAll('localhost:9092', brokers[0] ?? '');
  const options = () => ({ folder, translate, env: env() });
  const section = (heading: string) => follow(PAGE, { ...options(), section: heading });
  const canonical = (lines: readonly string[]) => lines.map((line) => JSON.stringify(JSON.parse(line))).sort();

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-trainers-'));
    mkdirSync(join(folder, 'bin'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('the topology runs on Kafka', { timeout: 60_000 }, async () => {
    const blocks = blocksOf(PAGE).filter(({ section: heading }) => heading.startsWith('For those who train'));
    for (const { info, body } of blocks) {
      const file = /file=(\S+)/.exec(info)?.[1];
      if (file !== undefined) writeFileSync(join(folder, file), translate(body));
    }
    const [create, run, ...more] = blocks.flatMap(commandsOf);
    if (create === undefined || run === undefined) throw new Error('the page has lost its commands');
    runCommand(create, options());
    const messages = [...all, ...all.slice(0, AGAIN)].map((film) => ({ key: film.id, value: JSON.stringify(film) }));
    await deliver(brokers, `${name}.raw`, messages);
    runCommand(run, options());
    expect(more).toEqual([]);
    await abort();
  });

  /** What a reader of everything would take for records. */
  async function abort(): Promise<void> {
    const certificate = { topology: name, plan: 'aborted', origin: { topic: `${name}.raw` } };
    const headers = { 'sluice-certificate': JSON.stringify(certificate) };
    const messages = [0, 1, 2].map((partition) => ({ value: '{"id":"aborted"}', partition, headers }));
    await abortedRecords(brokers, `${name}.curated`, messages);
  }

  it('Java reads exactly the oracle', { timeout: 60_000 }, async () => {
    await installConsoleConsumer(join(folder, 'bin'));
    section('Java');
    expect(canonical(linesOf(join(folder, 'java.ndjson')))).toEqual(expected);
  });

  it('JavaScript reads exactly the oracle', { timeout: 60_000 }, () => {
    section('JavaScript, with kafkajs');
    expect(canonical(linesOf(join(folder, 'javascript.ndjson')))).toEqual(expected);
  });

  it('Python reads exactly the oracle', { timeout: 120_000 }, ({ skip }) => {
    const [venv, install] = blocksOf(PAGE)
      .filter(({ section: heading }) => heading === 'Python')
      .flatMap(commandsOf);
    try {
      needTool('python3', ['-c', 'import venv, ensurepip'], 'python3-venv');
      for (const command of [venv, install]) if (command !== undefined) runCommand(command, options());
    } catch (error) {
      if (process.env.CI === 'true') throw error;
      console.warn(`SKIPPED the Python reader of ${PAGE}: no Python with packages of PyPI here`);
      skip();
    }
    section('Python');
    expect(canonical(linesOf(join(folder, 'python.ndjson')))).toEqual(expected);
  });

  it('the export is the oracle, made twice the same, and can be cited', { timeout: 60_000 }, async () => {
    section('A training set that can be cited');
    const parts = [0, 1, 2].flatMap((partition) => linesOf(join(folder, 'films-1', `part-0000${partition}.ndjson`)));
    expect(canonical(parts)).toEqual(expected);
    const manifest = JSON.parse(readFileSync(join(folder, 'films-1', 'manifest.json'), 'utf8'));
    expect(manifest.counts.fates).toEqual({ curated: expected.length });
    const few = all.filter((film) => isGood(film) && film.votes !== null && film.votes < 1000);
    expect(manifest.counts.rules).toEqual({ 'sane/many-votes': { warn: few.length } });
    expect(manifest.beside).toMatchObject({ topics: [`${name}.quarantine`], fates: { quarantined: await refused() } });
  });

  /** Bad films between the first and the last curated one of each partition, as kcat sees the input. */
  async function refused(): Promise<number> {
    const input = (await readTopic(brokers, `${name}.raw`)).map((record) => ({
      ...record,
      film: JSON.parse(String(record.value)) as Film,
    }));
    const seen = new Set<string>();
    const firsts = input.filter(({ film }) => !seen.has(film.id) && seen.add(film.id));
    let count = 0;
    for (const partition of [0, 1, 2]) {
      const mine = firsts.filter((record) => record.partition === partition);
      const good = mine.filter(({ film }) => isGood(film)).map(({ offset }) => offset);
      const [first = 0, last = 0] = [good[0], good.at(-1)];
      count += mine.filter(({ film, offset }) => !isGood(film) && offset > first && offset < last).length;
    }
    return count;
  }
});
