import { type Command, Option } from 'commander';
import { ConfigError } from '../core/errors.ts';
import { load, planOf } from './load.ts';
import { addFilterOptions } from './quarantine-flags.ts';
import type { ReplayFlags } from './replay-flags.ts';

const DEFAULT_MAX_ATTEMPTS = 3;
const RUN_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

export function addReplay(program: Command): void {
  const command = program
    .command('replay')
    .description('send quarantined records back through the current topology, each at most once')
    .argument('<topology>');
  addFilterOptions(command)
    .option('--dry-run', 'say what would become of them; nothing is written')
    .option('--fix <file>', 'YAML file with `steps:` that change the values first')
    .addOption(
      new Option('--max-attempts <n>', 'records refused so often stay').default(DEFAULT_MAX_ATTEMPTS).argParser(Number),
    )
    .addOption(new Option('--rate <n/s>', 'most records a second, as 500/s').argParser(perSecond))
    .option('--run <id>', 'name of this replay; the same name again goes on, and then does nothing')
    .option('--json', 'print one JSON object as the last line of stdout')
    .action(async (path: string, flags: ReplayFlags) => {
      const { local, run } = flags;
      if (run !== undefined && !RUN_ID.test(run))
        throw new ConfigError(`--run ${run}: expected small letters, digits and dashes`, { code: 'run-flag' });
      const plan = planOf(await load(path), { onePartition: local !== undefined, env: process.env });
      if (local === undefined) await (await import('./replay-kafka.ts')).replayOnKafka(plan, flags);
      else await (await import('./replay-local.ts')).replayOnFiles(plan, { ...flags, local });
    });
}

function perSecond(text: string): number {
  const rate = Number(/^(\d+(?:\.\d+)?)(?:\/s)?$/.exec(text)?.[1]);
  if (!(rate > 0)) throw new ConfigError(`--rate ${text}: expected records a second, as 500/s`, { code: 'rate-flag' });
  return rate;
}
