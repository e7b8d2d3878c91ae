import { describe, expect, it } from 'vitest';
import { queryGate } from '../../../src/kernels/query/index.ts';

describe('a language that is not parsed', () => {
  it('shares equal texts that only read, and executes each write', async () => {
    let executions = 0;
    const execute = async () => ++executions;
    const gate = await queryGate({ dialect: 'other', execute });
    const texts = [
      'SELECT `a` FROM t',
      'SELECT `a` FROM t ',
      'INSERT INTO t VALUES (1)',
      'INSERT INTO t VALUES (1)',
      '/* x */ UPDATE t SET a = 1',
      '/* x */ UPDATE t SET a = 1',
      'SELECT NOW()',
      'SELECT NOW()',
      'mutation { add(id: 1) }',
      'mutation { add(id: 1) }',
      'db.t.insertOne({})',
      'db.t.insertOne({})',
      'SELECT 1; DELETE FROM t',
      'SELECT 1; DELETE FROM t',
      '{ user(id: 1) { name } }',
      'SELECT a FROM t FOR UPDATE',
      'SELECT a FROM t FOR UPDATE',
    ];
    await Promise.all(texts.map((sql) => gate.query(sql)));
    expect(executions).toBe(16);
    expect(gate.metrics().bypassed['not-a-select']).toBe(12);
  });
});
