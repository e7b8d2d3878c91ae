import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogReport } from '../../src/cli/query-log/report.ts';
import { sluice } from '../e2e/cli.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-queries-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function report(name: string, content: string | Buffer, flags: readonly string[] = []): Promise<LogReport> {
  const path = join(folder, name);
  writeFileSync(path, content);
  const { code, stdout, stderr } = await sluice(['queries', path, '--json', ...flags]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const LINES = [
  'SELECT name FROM users WHERE id = 1 AND age > 2',
  'select u.name from users u where 2 < u.age and u.id = 1',
  'SELECT name FROM users WHERE id = 1 AND age > 2',
  'SELECT now()',
  'SELECT total FROM orders WHERE id = 1',
  'SELECT total FROM orders WHERE id = 2',
  'SELECT total FROM orders WHERE id = 3',
  'SELECT total FROM orders WHERE id = 4',
  'SELECT total FROM orders WHERE id = 5',
  'UPDATE users SET age = 3',
  'SELECT name FROM users WHERE id = 1 AND age > 2',
  'SELECT total FROM orders WHERE id = 5',
];

/** What every format of the same queries gives: three of users (one after a write to it), one of orders. */
const EXPECTED = {
  executions: 12,
  recognized: 10,
  distinct: 6,
  repeated: 4,
  bypassed: { 'volatile-function': 1, 'not-a-select': 1 },
  unreadable: 0,
  unknownParameters: 0,
};

describe('sluice queries', () => {
  it('one query a line: what repeats, what an answer from before could have served, and loops of queries apart', async () => {
    const found = await report('log.txt', `${LINES.join('\n\n')}\n`);
    expect(found).toMatchObject(EXPECTED);
    expect(found.avoidable).toEqual({ executions: 3, ratio: 0.25 });
    expect(found.groups).toHaveLength(2);
    expect(found.groups[0]).toMatchObject({
      executions: 4,
      avoidable: 2,
      example: LINES[0],
      alsoWritten: [LINES[1]],
      differed: ['and-order', 'comparison-direction', 'qualifier'],
      tables: ['users'],
    });
    expect(found.nPlusOne).toEqual([
      { executions: 6, values: 5, longestRun: 5, example: LINES[4], unknownParameters: false },
    ]);
  });

  it('a script of SQL, with texts, comments, dollar quotes and commands of psql in it', async () => {
    const script = [
      '\\set x 1',
      `-- ; '`,
      `${LINES.slice(0, 3).join('; ')};`,
      `/* ; /* ' */ ; */ SELECT 'a;''b', E'\\';', "x;y", $$ ; ' $$, $t$ $$ ; $t$ FROM t;`,
      `SELECT 'a;''b', E'\\';', "x;y", $$ ; ' $$, $t$ $$ ; $t$ FROM t`,
    ].join('\n');
    const found = await report('log.sql', script);
    expect(found).toMatchObject({ executions: 5, distinct: 2, repeated: 3, bypassed: {} });
  });

  it('NDJSON with durations and tenants, which are never one', async () => {
    const rows = LINES.map((sql, i) =>
      JSON.stringify({ sql, duration_ms: i < 3 ? 100 : 1, tenant: i < 2 ? 'a' : 'b' }),
    );
    const path = 'log.ndjson.gz';
    const found = await report(path, gzipSync(rows.join('\n')));
    expect(found).toMatchObject({ ...EXPECTED, totalMs: 309 });
    expect(found.avoidable.ms).toBe(201);
    const apart = await report(path, gzipSync(rows.join('\n')), ['--tenant', 'tenant']);
    expect(apart).toMatchObject({ distinct: 7, repeated: 3 });
  });

  it('a column of a csv file, compressed', async () => {
    const rows = LINES.map((sql, i) => `${i},"${sql}"`).join('\n');
    expect(await report('log.csv.zst', zstdCompressSync(`n,what\n${rows}`), ['--field', 'what'])).toMatchObject(
      EXPECTED,
    );
    const { code, stderr } = await sluice(['queries', join(folder, 'log.csv.zst')]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--field')]);
  });

  it("PostgreSQL's csvlog: both protocols, durations apart, parameters, settings of the session", async () => {
    const row = (session: string, user: string, message: string, detail = '') =>
      `2024-08-17 10:00:00.000 UTC,"${user}","shop",1,"[local]",${session},1,"SELECT",2024-08-17 09:00:00 UTC,3/1,0,LOG,00000,"${message.replaceAll('"', '""')}","${detail}",,,,,,,,"app","client backend",,0\n`;
    const ask = 'SELECT name FROM users WHERE id = $1';
    const found = await report(
      'log-of-server.csv',
      [
        row('s1', 'app', 'duration: 5.000 ms  statement: SELECT name FROM users WHERE id = 1'),
        row('s1', 'app', 'duration: 7.000 ms  statement: select "u".name\nfrom users u where u.id = 1'),
        row('s1', 'app', `duration: 0.100 ms  parse <unnamed>: ${ask}`),
        row('s1', 'app', `duration: 0.200 ms  bind <unnamed>: ${ask}`, "parameters: $1 = '7'"),
        row('s1', 'app', `duration: 1.000 ms  execute <unnamed>: ${ask}`, "parameters: $1 = '7'"),
        row('s1', 'app', `duration: 1.000 ms  execute s_1: ${ask}`, "parameters: $1 = '8'"),
        row('s1', 'app', `duration: 3.000 ms  execute s_1: ${ask}`, "parameters: $1 = '7'"),
        row('s1', 'app', `duration: 4.000 ms  execute s_1: ${ask}`, "parameters: $1 = '7...'"),
        row('s2', 'app', 'statement: SELECT name FROM users WHERE id = 1'),
        row('s2', 'app', 'duration: 9.000 ms'),
        row('s3', 'app', 'statement: SET timezone TO PST8PDT'),
        row('s3', 'app', 'statement: SELECT name FROM users WHERE id = 1'),
        row('s4', 'other', 'statement: SELECT name FROM users WHERE id = 1'),
        row('s4', 'other', 'connection authorized'),
      ].join(''),
    );
    expect(found).toMatchObject({ executions: 10, distinct: 6, repeated: 3, bypassed: { 'not-a-select': 1 } });
    expect(found.avoidable).toMatchObject({ executions: 3, ms: 19 });
    expect(found.totalMs).toBe(30);
  });

  it('an export of pg_stat_statements: repetitions whose parameters are not known are not called avoidable', async () => {
    const found = await report(
      'statements.csv',
      `userid,dbid,query,calls,total_exec_time
10,5,"SELECT name FROM users WHERE id = $1",500,1000
10,5,"select u.name from users u where $1 = u.id",20,10
10,5,SELECT count(*) FROM users,100,2000
10,6,SELECT count(*) FROM users,1,30\n`,
    );
    expect(found).toMatchObject({ executions: 621, distinct: 3, repeated: 618, unknownParameters: 519 });
    expect(found.avoidable).toMatchObject({ executions: 99, ms: 1980 });
    expect(found.nPlusOne).toMatchObject([{ executions: 520, unknownParameters: true }]);
  });

  it('says in words what it found, without control characters, and what it could not read', async () => {
    const path = join(folder, 'words.ndjson');
    writeFileSync(
      path,
      `{"sql": "SELECT 1"}\n{"sql": "select\\u001b[31m"}\nbroken\n{"sql": "select /* \\u001b */ 1"}\n`,
    );
    const { code, stdout } = await sluice(['queries', path]);
    expect(code).toBe(0);
    expect(stdout).toContain('3 executions, 1 distinct, 1 repeated');
    expect(stdout).toContain('unreadable 1');
    expect(stdout).toContain('differed by: spelling');
    expect(stdout).not.toContain('\u001b');
  });

  it.each([
    [['missing.log'], 'no such file'],
    [['.'], 'no such file'],
    [['log.txt', '--level', 'schema'], '--catalog'],
    [['log.txt', '--top', '0'], 'whole number'],
  ])('refuses %j', async (args, words) => {
    const { code, stderr } = await sluice(['queries', ...args], { cwd: folder });
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});
