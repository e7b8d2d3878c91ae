import { Dice } from './sql-model.ts';

/** One thing a client asks: a read, or a write through the gate, or a write it is only told of. */
export interface Request {
  readonly kind: 'read' | 'write' | 'foreign-write';
  readonly sql: string;
  readonly params: readonly unknown[];
  /** Tables a foreign write changed. */
  readonly tables: readonly string[];
}

export const SETUP = `
  DROP SCHEMA IF EXISTS sluice_test CASCADE;
  CREATE SCHEMA sluice_test;
  SET search_path TO sluice_test;
  CREATE TABLE users (id int PRIMARY KEY, name text, age int, city text, score float8);
  CREATE TABLE orders (id int PRIMARY KEY, user_id int, total numeric(10, 2), state text, at date);
  CREATE VIEW adults AS SELECT id, name, city FROM users WHERE age >= 18;
  INSERT INTO users SELECT i, 'name ' || i % 17, CASE WHEN i % 7 = 0 THEN NULL ELSE i % 60 END, (ARRAY['Bonn','Oslo','Rome'])[i % 3 + 1], i / 7.0
    FROM generate_series(1, 120) i;
  INSERT INTO orders SELECT i, i % 130, (i * 37 % 1000) / 10.0, (ARRAY['open','paid','sent',NULL])[i % 4 + 1], date '2024-01-01' + i % 90
    FROM generate_series(1, 300) i;
`;

type Text = (n: number, dice: Dice) => string;

/** Questions, each in several spellings; `n` chooses its literal. Every answer is in one order, and exact: a sum of floats depends on where rows lie. */
const QUESTIONS: readonly (readonly Text[])[] = [
  [
    (n) => `SELECT id, name FROM users WHERE age > ${n} AND city = 'Oslo' ORDER BY id`,
    (n) => `select u.id, u.name from users u where 'Oslo' = u.city and ${n} < u.age order by u.id asc`,
  ],
  [
    (n) => `SELECT count(*) FROM orders o JOIN users u ON o.user_id = u.id WHERE u.id <> ${n} AND o.state = 'paid'`,
    (n) => `SELECT count(*) FROM users x, orders y WHERE y.state = 'paid' AND x.id = y.user_id AND x.id != ${n}`,
  ],
  [
    (n) =>
      `SELECT state, count(*), max(total) FROM orders WHERE user_id BETWEEN ${n} AND 90 GROUP BY state ORDER BY state`,
    (n) =>
      `SELECT state, count(*), max(total) FROM orders WHERE user_id <= 90 AND user_id >= ${n} GROUP BY state ORDER BY state`,
  ],
  [
    (n) => `SELECT name FROM users WHERE id IN (${n}, 3, 5) ORDER BY id`,
    (n) => `SELECT name FROM users WHERE id IN (5, ${n}, 3, 3) ORDER BY id`,
  ],
  [(n) => `SELECT id FROM adults WHERE city = 'Rome' ORDER BY id LIMIT ${n + 1}`],
  [(n) => `SELECT sum(total), avg(age) FROM orders JOIN users ON user_id = users.id WHERE orders.id % 10 = ${n % 10}`],
  [(n) => `SELECT id, at::text, total FROM orders WHERE id % 30 = ${n} ORDER BY total DESC NULLS LAST, id`],
  [
    (n) =>
      `SELECT name FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.total > ${n}) ORDER BY u.id`,
    (n) =>
      `SELECT name FROM users a WHERE EXISTS (SELECT 1 FROM orders b WHERE b.total > ${n} AND b.user_id = a.id) ORDER BY a.id`,
  ],
  [(n) => `SELECT city, 100 / (count(*) - ${n % 4}) FROM users GROUP BY city ORDER BY city`],
  [(n) => `SELECT nothing FROM users WHERE id = ${n}`],
  [(n) => `WITH big AS (SELECT user_id, total FROM orders WHERE total > ${n}) SELECT count(*) FROM big`],
];

const WRITES: readonly Text[] = [
  (n) => `UPDATE users SET age = coalesce(age, 0) + 1, score = score + 0.1 WHERE id % 40 = ${n}`,
  (n) => `UPDATE orders SET state = 'sent', total = total + 1 WHERE id % 30 = ${n}`,
  (n) => `DELETE FROM orders WHERE id = ${n * 7}`,
  (n, dice) =>
    `INSERT INTO orders VALUES (${1000 + dice.below(1_000_000)}, ${n}, ${n}.5, 'open', date '2024-02-01') ON CONFLICT DO NOTHING`,
  (n) => `WITH gone AS (DELETE FROM users WHERE id = ${100 + n} RETURNING id) SELECT count(*) FROM gone`,
];

/** Rounds of reads asked at the same time, with a write or an invalidation between two rounds. */
export function workload(count: number, seed: number): Request[][] {
  const dice = new Dice(seed);
  const rounds: Request[][] = [];
  let made = 0;
  while (made < count) {
    const size = Math.min(count - made, 1 + dice.below(40));
    rounds.push(Array.from({ length: size }, () => read(dice)));
    made += size;
    if (made < count && dice.chance(0.5)) {
      rounds.push([write(dice)]);
      made++;
    }
  }
  return rounds;
}

function read(dice: Dice): Request {
  if (dice.chance(0.1)) {
    const [sql, params] = dice.pick([
      ['SELECT name FROM users WHERE id = $1', [1 + dice.below(5)]],
      ['SELECT id FROM users WHERE city = $1 ORDER BY id', [dice.pick(['Oslo', 'Rome'])]],
      ['SELECT count(*) FROM orders WHERE state IS NOT DISTINCT FROM $1', [dice.pick(['open', null])]],
    ] as const);
    return { kind: 'read', sql, params, tables: [] };
  }
  const question = dice.pick(QUESTIONS);
  return { kind: 'read', sql: dice.pick(question)(dice.below(6), dice), params: [], tables: [] };
}

function write(dice: Dice): Request {
  const sql = dice.pick(WRITES)(dice.below(20), dice);
  const tables = sql.includes('users') ? ['users'] : ['orders'];
  return { kind: dice.chance(0.5) ? 'write' : 'foreign-write', sql, params: [], tables };
}
