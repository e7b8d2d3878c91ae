import { describe, it } from 'vitest';
import { operators } from '../../src/operators/index.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';

for (const operator of operators) {
  describe(`operator ${operator.name}`, () => {
    for (const { name, run } of operatorContract(operator)) it(name, run);
  });
}
