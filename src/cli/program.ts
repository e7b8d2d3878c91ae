import { Command, CommanderError } from 'commander';
import { EXIT, report } from './exit.ts';
import { packageVersion } from './load.ts';

const COMMANDS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  run: async () => (await import('./run.ts')).addRun,
  quarantine: async () => (await import('./quarantine.ts')).addQuarantine,
  replay: async () => (await import('./replay.ts')).addReplay,
  export: async () => (await import('./export.ts')).addExport,
  report: async () => (await import('./report.ts')).addReport,
  profile: async () => (await import('./profile.ts')).addProfile,
  lint: async () => (await import('./lint.ts')).addLint,
  test: async () => (await import('./test.ts')).addTest,
  topics: async () => (await import('./topics.ts')).addTopics,
  describe: async () => (await import('./describe.ts')).addDescribe,
  operators: async () => (await import('./operators.ts')).addOperators,
  queries: async () => (await import('./queries.ts')).addQueries,
  schemas: async () => (await import('./schemas.ts')).addSchemas,
  link: async () => (await import('./near.ts')).addLink,
  'dedup-near': async () => (await import('./near.ts')).addDedupNear,
  'config-schema': async () => (await import('./config-schema.ts')).addConfigSchema,
};

const program = new Command('sluice')
  .description('Keeps the quality of data while it flows.')
  .version(packageVersion())
  .exitOverride()
  .showHelpAfterError('(sluice --help lists the commands)');

// a command loads what it needs alone: half of the start is reading modules
const wanted = process.argv[2] ?? '';
for (const [name, command] of Object.entries(COMMANDS))
  if (name === wanted || !Object.hasOwn(COMMANDS, wanted)) (await command())(program);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else process.exitCode = report(error);
}
