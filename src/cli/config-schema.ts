import type { Command } from 'commander';
import { operatorRegistry } from '../operators/index.ts';
import { topologySchema } from '../topology/index.ts';

export function addConfigSchema(program: Command): void {
  program
    .command('config-schema')
    .description('print the JSON Schema of topology files, for editors')
    .action(() => {
      process.stdout.write(`${JSON.stringify(topologySchema(operatorRegistry()), null, 2)}\n`);
    });
}
