import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type QueryGate, queryGate } from '../../../src/kernels/query/index.ts';
import { describeWithPostgres, type Postgres } from '../../support/postgres.ts';
import { type Request, SETUP, workload } from './postgres-workload.ts';

const REQUESTS = 5000;
const SEED = 20_240_817;

describeWithPostgres('the gate before PostgreSQL', (start) => {
  let server: Postgres;
  let pool: pg.Pool;
  beforeAll(async () => {
    server = await start();
    pool = new pg.Pool({ connectionString: server.url, max: 10, options: '-c search_path=sluice_test' });
  });
  afterAll(async () => {
    await pool?.end();
    await server?.close();
  });

  const execute = async (sql: string, params: unknown) =>
    (await pool.query(sql, Array.isArray(params) ? params : undefined)).rows as unknown[];

  async function reset(): Promise<void> {
    const client = await pool.connect();
    await client.query(SETUP);
    client.release();
  }

  it('1,000 concurrent callers of one question make one execution there', async () => {
    await reset();
    await pool.query(`
      CREATE SEQUENCE executions;
      CREATE FUNCTION counted() RETURNS int LANGUAGE sql AS
        $$ SELECT nextval('executions'); SELECT 1 FROM pg_sleep(0.2) $$`);
    const gate = await queryGate({ execute, shareableFunctions: new Set(['counted']) });
    const texts = [
      'SELECT id, counted() AS one FROM users WHERE id = 7 AND age IS NULL',
      'select x.id, counted() as one from users x where x.age is null and 7 = x.id',
    ];
    const results = await Promise.all(Array.from({ length: 1000 }, (_, i) => gate.query(texts[i % 2] ?? '')));
    expect(new Set(results.map((rows) => JSON.stringify(rows)))).toEqual(new Set(['[{"id":7,"one":1}]']));
    const { rows } = await pool.query('SELECT last_value FROM executions');
    expect(rows).toEqual([{ last_value: '1' }]);
    expect(gate.metrics()).toMatchObject({ calls: 1, shared: 999 });
  });

  it('gives the same results for 5,000 queries with the gate and without, with writes between', async () => {
    const rounds = workload(REQUESTS, SEED);
    await reset();
    const plain = await answers(rounds, execute, () => {});
    await reset();
    const gate = await queryGate({
      execute,
      cache: { ttlMs: 3_600_000, maxEntries: 10_000 },
      views: { adults: ['users'] },
    });
    const gated = await answers(
      rounds,
      async (sql, params) => gate.query(sql, params),
      (tables) => gate.invalidate(tables),
    );
    expect(gated.length).toBe(REQUESTS);
    for (let i = 0; i < plain.length; i++) expect([i, gated[i]]).toEqual([i, plain[i]]);
    const { calls, avoidedRatio } = gate.metrics();
    console.info(`5,000 queries: ${calls} executed behind the gate, ${(100 * avoidedRatio).toFixed(1)} % avoided`);
    expect(calls).toBeLessThan(0.75 * REQUESTS);
    expect(new Set(plain).size).toBeGreaterThan(300);
    expect(plain.filter((answer) => answer.startsWith('error')).length).toBeGreaterThan(100);
  });

  it('lets everybody read what they wrote, while others ask the same', async () => {
    await reset();
    const gate: QueryGate<unknown[]> = await queryGate({ execute, cache: { ttlMs: 3_600_000 } });
    await Promise.all(
      Array.from({ length: 8 }, async (_, client) => {
        for (let turn = 0; turn < 25; turn++) {
          const name = `client ${client} turn ${turn}`;
          await gate.query('UPDATE users SET name = $1 WHERE id = $2', [name, client + 1]);
          const rows = await gate.query('SELECT id, name FROM users WHERE id <= 8 ORDER BY id');
          expect(rows[client]).toEqual({ id: client + 1, name });
        }
      }),
    );
  });

  /** The reads of a round at the same time; an error counts by its code. */
  async function answers(
    rounds: readonly Request[][],
    ask: (sql: string, params: readonly unknown[]) => Promise<unknown>,
    tell: (tables: readonly string[]) => void,
  ): Promise<string[]> {
    const texts: string[] = [];
    for (const round of rounds) {
      const answered = round.map(async ({ kind, sql, params, tables }) => {
        if (kind === 'foreign-write') {
          await pool.query(sql);
          tell(tables);
          return 'told';
        }
        try {
          return JSON.stringify(await ask(sql, params));
        } catch (error) {
          return `error ${(error as { code?: string }).code}`; // of the driver
        }
      });
      texts.push(...(await Promise.all(answered)));
    }
    return texts;
  }
});
