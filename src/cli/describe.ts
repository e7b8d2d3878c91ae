import { type Command, Option } from 'commander';
import { type DescribeFormat, describePlan } from '../topology/index.ts';
import { load, planOf } from './load.ts';

export function addDescribe(program: Command): void {
  program
    .command('describe')
    .description('print the plan of a topology')
    .argument('<topology>')
    .addOption(new Option('--format <format>').choices(['text', 'json', 'mermaid']).default('text'))
    .option('--local', 'as it runs on files: every topic is one partition')
    .action(async (path: string, flags: { format: DescribeFormat; local?: boolean }) => {
      const plan = planOf(await load(path), { onePartition: flags.local === true });
      process.stdout.write(`${describePlan(plan, flags.format).trimEnd()}\n`);
    });
}
