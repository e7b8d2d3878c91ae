import type { Command } from 'commander';
import type { TopicReport } from '../core/broker.ts';
import { ConfigError } from '../core/errors.ts';
import { kafkaBroker } from '../run-kafka.ts';
import { planTopics } from '../topology/index.ts';
import { EXIT } from './exit.ts';
import { addKafkaFlags, type KafkaFlags, kafkaConnection } from './kafka-flags.ts';
import { load, planOf } from './load.ts';

interface TopicsFlags extends KafkaFlags {
  readonly create?: boolean;
  readonly check?: boolean;
  readonly partitions?: string;
  readonly json?: boolean;
}

export function addTopics(program: Command): void {
  const command = program
    .command('topics')
    .description('look at the Kafka topics of a topology, and make those that are missing')
    .argument('<topology>', 'YAML file, or a TypeScript module that exports `topology`')
    .option('--check', 'only look (default)')
    .option('--create', 'make every topic that is missing; outputs with as many partitions as the input')
    .option('--partitions <n>', 'partitions of an input that is made (default 1)')
    .option('--json', 'print one JSON object on stdout');
  addKafkaFlags(command).action(async (path: string, flags: TopicsFlags) => {
    process.exitCode = await topics(path, flags);
  });
}

async function topics(path: string, flags: TopicsFlags): Promise<number> {
  if (flags.create === true && flags.check === true)
    throw new ConfigError('--create and --check: give one of them', { code: 'two-modes' });
  const inputPartitions = partitionsOf(flags.partitions);
  const plan = planOf(await load(path), { onePartition: false, env: process.env });
  const broker = kafkaBroker(plan, {
    ...(await kafkaConnection(flags, process.env)),
    ...(inputPartitions === undefined ? {} : { inputPartitions }),
  });
  try {
    const report = await broker.topics(planTopics(plan), flags.create === true ? 'create' : 'check');
    if (flags.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
    else process.stderr.write(table(report));
    return report.topics.some(({ problem }) => problem !== undefined) ? EXIT.failed : EXIT.ok;
  } finally {
    await broker.close();
  }
}

function partitionsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1)
    throw new ConfigError(`--partitions ${text}: expected a whole number from 1`, { code: 'partitions-flag' });
  return n;
}

function table({ topics: all }: TopicReport): string {
  const width = Math.max(...all.map(({ topic }) => topic.length));
  return all
    .map(({ topic, problem, remedy, created }) => {
      const said = problem ?? (created === true ? 'made' : 'fits');
      return `${topic.padEnd(width)}  ${said}\n${remedy === undefined ? '' : `${' '.repeat(width)}  → ${remedy}\n`}`;
    })
    .join('');
}
