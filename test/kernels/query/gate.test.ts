import { describe, expect, it } from 'vitest';
import { type QueryGate, type QueryGateOptions, queryGate } from '../../../src/kernels/query/index.ts';

/** A database under the test's hand: every execution waits until it is answered. */
class Database {
  readonly executions: {
    sql: string;
    signal: AbortSignal;
    answer: (rows: unknown) => void;
    fail: (error: Error) => void;
  }[] = [];

  readonly execute: QueryGateOptions<unknown>['execute'] = (sql, _params, { signal }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.executions.push({ sql, signal, answer: resolve, fail: reject });
    });

  async gate(options: Partial<QueryGateOptions<unknown>> = {}): Promise<QueryGate<unknown>> {
    return queryGate({ execute: this.execute, ...options });
  }
}

const rows = () => [{ id: 1, tags: ['a'] }];

describe('single flight', () => {
  it('1,000 concurrent callers of one meaning make one execution', async () => {
    const db = new Database();
    const gate = await db.gate();
    const texts = ['SELECT a FROM t WHERE x = 1 AND y = 2', 'select u.a from t u where u.y = 2 and 1 = u.x'];
    const calls = Array.from({ length: 1000 }, (_, i) => gate.query(texts[i % 2] ?? ''));
    expect(db.executions).toHaveLength(1);
    db.executions[0]?.answer(rows());
    const results = await Promise.all(calls);
    expect(results.every((result) => JSON.stringify(result) === JSON.stringify(rows()))).toBe(true);
    expect(gate.metrics()).toMatchObject({ calls: 1, shared: 999, open: 0, parsed: 2, memoHits: 998 });
    expect(gate.metrics().avoidedRatio).toBeCloseTo(0.999, 9);
  });

  it("one caller's abort fails that caller alone", async () => {
    const db = new Database();
    const gate = await db.gate();
    const leaver = new AbortController();
    const first = gate.query('SELECT a FROM t', undefined, { signal: leaver.signal });
    const second = gate.query('SELECT a FROM t');
    leaver.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(db.executions[0]?.signal.aborted).toBe(false);
    db.executions[0]?.answer(rows());
    expect(await second).toEqual(rows());
  });

  it('the execution is aborted when the last caller has left, and the next caller starts anew', async () => {
    const db = new Database();
    const gate = await db.gate();
    const leavers = [new AbortController(), new AbortController()];
    const calls = leavers.map((leaver) => gate.query('SELECT a FROM t', undefined, { signal: leaver.signal }));
    for (const leaver of leavers) leaver.abort(new Error('gone'));
    for (const call of calls) await expect(call).rejects.toThrow('gone');
    expect(db.executions[0]?.signal.aborted).toBe(true);
    const next = gate.query('SELECT a FROM t');
    db.executions[1]?.answer(rows());
    expect(await next).toEqual(rows());
  });

  it('an error goes to everybody who waited, and is not remembered', async () => {
    const db = new Database();
    const gate = await db.gate({ cache: { ttlMs: 1000 } });
    const calls = [gate.query('SELECT a FROM t'), gate.query('SELECT a FROM t')];
    db.executions[0]?.fail(new Error('down'));
    for (const call of calls) await expect(call).rejects.toThrow('down');
    const retry = gate.query('SELECT a FROM t');
    expect(db.executions).toHaveLength(2);
    db.executions[1]?.answer(rows());
    expect(await retry).toEqual(rows());
  });

  it.each([
    ['tenant', { tenant: 'a' }, { tenant: 'b' }],
    ['role', { role: 'a' }, { role: 'b' }],
    ['search path', { searchPath: ['a'] }, { searchPath: ['b'] }],
    ['settings', { settings: { timezone: 'UTC' } }, { settings: { timezone: 'CET' } }],
    ['version', { version: 1 }, { version: 2 }],
  ])('is not shared across another %s', async (_name, a, b) => {
    const db = new Database();
    const gate = await db.gate();
    const calls = [
      gate.query('SELECT a FROM t', [1], a),
      gate.query('SELECT a FROM t', [1], b),
      gate.query('SELECT a FROM t', [1], a),
    ];
    expect(db.executions).toHaveLength(2);
    for (const execution of db.executions) execution.answer(rows());
    await Promise.all(calls);
  });

  it('parameters are compared with their types', async () => {
    const db = new Database();
    const gate = await db.gate();
    const calls = [1, '1', null, true, undefined].map((value) =>
      gate.query('SELECT a FROM t WHERE x = $1', value === undefined ? [] : [value]),
    );
    expect(db.executions).toHaveLength(5);
    for (const execution of db.executions) execution.answer(rows());
    await Promise.all(calls);
  });

  it('beyond the bound of flights or waiters it executes alone and counts that', async () => {
    const db = new Database();
    const gate = await db.gate({ maxFlights: 1, maxWaiters: 2 });
    const calls = ['SELECT 1', 'SELECT 2', 'SELECT 1', 'SELECT 1'].map((sql) => gate.query(sql));
    expect(db.executions.map((execution) => execution.sql)).toEqual(['SELECT 1', 'SELECT 2', 'SELECT 1']);
    expect(gate.metrics().overflow).toBe(2);
    for (const execution of db.executions) execution.answer(rows());
    await Promise.all(calls);
  });
});

describe('a caller who wrote', () => {
  it('does not join a flight that began before', async () => {
    const db = new Database();
    const gate = await db.gate();
    const before = gate.query('SELECT a FROM t');
    const write = gate.query('UPDATE t SET a = 1');
    db.executions[1]?.answer([]);
    await write;
    const after = gate.query('SELECT a FROM t');
    expect(db.executions).toHaveLength(3);
    db.executions[0]?.answer(['old']);
    db.executions[2]?.answer(['new']);
    expect([await before, await after]).toEqual([['old'], ['new']]);
  });

  it('does not get a cached result from before, also when the write failed', async () => {
    const db = new Database();
    const gate = await db.gate({ cache: { ttlMs: 1000 } });
    const first = gate.query('SELECT a FROM t');
    db.executions[0]?.answer(['old']);
    await first;
    const write = gate.query('SELECT my_function()');
    db.executions[1]?.fail(new Error('half way'));
    await expect(write).rejects.toThrow('half way');
    void gate.query('SELECT a FROM t').catch(() => {});
    expect(db.executions).toHaveLength(3);
  });

  it.each([
    ["SELECT 'today'::date", false],
    ['SELECT now()', false],
    ['SELECT pid FROM pg_stat_activity', false],
    ['SELECT a FROM t FOR UPDATE', false],
    ["SELECT nextval('s')", true],
    ["SELECT my_function(), 'today'::date", true],
    ["SELECT 'today'::date, other.now()", true],
    ["WITH gone AS (DELETE FROM t RETURNING a) SELECT a, 'today'::date FROM gone", true],
    ['SELECT pid FROM pg_stat_activity WHERE my_function()', true],
    ['nonsense', true],
    ['SELECT 1; SELECT 2', true],
  ])('%s makes what is cached old: %s', async (sql, makesOld) => {
    let executions = 0;
    const gate = await queryGate({ execute: async () => ++executions, cache: { ttlMs: 1000 } });
    await gate.query('SELECT a FROM t');
    await gate.query(sql);
    await gate.query('SELECT a FROM t');
    expect(executions).toBe(makesOld ? 3 : 2);
  });

  it('invalidation reaches the tables named and their views only', async () => {
    const db = new Database();
    const gate = await db.gate({ cache: { ttlMs: 1000 }, views: { v: ['t'] } });
    const ask = async (sql: string) => {
      const before = db.executions.length;
      const call = gate.query(sql);
      db.executions[before]?.answer(rows());
      await call;
      return db.executions.length > before;
    };
    for (const sql of ['SELECT a FROM t', 'SELECT a FROM v', 'SELECT a FROM s']) expect(await ask(sql)).toBe(true);
    gate.invalidate(['t']);
    expect([await ask('SELECT a FROM t'), await ask('SELECT a FROM v'), await ask('SELECT a FROM s')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('result cache', () => {
  it('serves until the time is over, then the old result while one execution renews it', async () => {
    const db = new Database();
    let now = 0;
    const gate = await db.gate({ cache: { ttlMs: 100, staleWhileRevalidateMs: 50 }, elapsed: () => now });
    const first = gate.query('SELECT a FROM t');
    db.executions[0]?.answer(['one']);
    expect(await first).toEqual(['one']);
    now = 99;
    expect(await gate.query('SELECT a FROM t')).toEqual(['one']);
    now = 120;
    expect(await Promise.all([gate.query('SELECT a FROM t'), gate.query('SELECT a FROM t')])).toEqual([
      ['one'],
      ['one'],
    ]);
    expect(db.executions).toHaveLength(2);
    db.executions[1]?.answer(['two']);
    await new Promise(setImmediate);
    expect(await gate.query('SELECT a FROM t')).toEqual(['two']);
    expect(gate.metrics()).toMatchObject({ calls: 2, cacheHits: 2, staleHits: 2 });
  });

  it('holds no more than its bytes', async () => {
    const gate = await queryGate({ execute: async (sql) => sql.repeat(100), cache: { ttlMs: 1000, maxBytes: 3000 } });
    for (let i = 0; i < 10; i++) await gate.query(`SELECT ${i}`);
    for (let i = 0; i < 10; i++) await gate.query(`SELECT ${i}`);
    expect(gate.metrics().cacheHits).toBeLessThanOrEqual(3);
  });

  it('no caller can change the result of another: plain data is frozen, the rest is copied', async () => {
    const gate = await queryGate<unknown>({
      execute: async (sql) => (sql.includes('dates') ? [{ at: new Date(0) }] : rows()),
      cache: { ttlMs: 1000 },
    });
    const plain = (await gate.query('SELECT a FROM t')) as { tags: string[] }[]; // rows()
    expect(() => plain[0]?.tags.push('b')).toThrow(TypeError);
    const dated = (await gate.query('SELECT a FROM dates')) as { at: Date }[]; // as executed above
    dated[0]?.at.setTime(1);
    expect(((await gate.query('SELECT a FROM dates')) as { at: Date }[])[0]?.at.getTime()).toBe(0); // as executed above
  });

  it('takes what JSON cannot write: big integers, buffers, maps, lists that hold themselves', async () => {
    const ring: unknown[] = [1n, Buffer.from('x'), new Map([['a', 1]])];
    ring.push(ring);
    const gate = await queryGate<unknown>({ execute: async () => ring, cache: { ttlMs: 1000 } });
    const [one, two] = [await gate.query('SELECT a FROM t'), await gate.query('SELECT a FROM t')];
    expect(gate.metrics()).toMatchObject({ calls: 1, cacheHits: 1 });
    expect(one).not.toBe(two);
    expect((one as unknown[]).slice(0, 1)).toEqual([1n]); // a copy of ring
  });

  it('refuses a result that can be neither frozen nor copied, and says what to do', async () => {
    const gate = await queryGate<unknown>({ execute: async () => ({ rows: [], parse: () => 1 }) });
    await expect(gate.query('SELECT a FROM t')).rejects.toMatchObject({ code: 'query-result' });
  });
});
