import type { Command } from 'commander';
import { ConfigError } from '../core/errors.ts';
import { operatorRegistry } from '../operators/index.ts';

export function addOperators(program: Command): void {
  program
    .command('operators')
    .description('list the operators, or show one with its schema')
    .argument('[name]')
    .action((name: string | undefined) => {
      const registry = operatorRegistry();
      if (name === undefined) {
        const width = Math.max(...[...registry.keys()].map((key) => key.length));
        for (const operator of registry.values())
          process.stdout.write(`${operator.name.padEnd(width)}  ${operator.summary}\n`);
        return;
      }
      const operator = registry.get(name);
      if (operator === undefined)
        throw new ConfigError(`there is no operator ${name}: sluice operators lists them`, {
          code: 'unknown-operator',
        });
      const ports = operator.ports(operator.example).map(({ name: port, fate }) => `${port} (${fate})`);
      const shown = { name, summary: operator.summary, ports, example: operator.example, schema: operator.config };
      process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    });
}
