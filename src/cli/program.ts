import { Command, CommanderError } from 'commander';
import { addConfigSchema } from './config-schema.ts';
import { addDescribe } from './describe.ts';
import { EXIT, report } from './exit.ts';
import { addLint } from './lint.ts';
import { packageVersion } from './load.ts';
import { addOperators } from './operators.ts';
import { addProfile } from './profile.ts';
import { addQuarantine } from './quarantine.ts';
import { addQueries } from './queries.ts';
import { addReplay } from './replay.ts';
import { addReport } from './report.ts';
import { addRun } from './run.ts';
import { addTest } from './test.ts';
import { addTopics } from './topics.ts';

const program = new Command('sluice')
  .description('Keeps the quality of data while it flows.')
  .version(packageVersion())
  .exitOverride()
  .showHelpAfterError('(sluice --help lists the commands)');

addRun(program);
addQuarantine(program);
addReplay(program);
addReport(program);
addProfile(program);
addLint(program);
addTest(program);
addTopics(program);
addDescribe(program);
addOperators(program);
addQueries(program);
addConfigSchema(program);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else process.exitCode = report(error);
}
