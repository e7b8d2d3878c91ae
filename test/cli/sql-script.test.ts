import { describe, expect, it } from 'vitest';
import { SqlScript } from '../../src/cli/query-log/sql-script.ts';
import { Dice } from '../kernels/query/sql-model.ts';

function split(pieces: readonly string[]): string[] {
  const script = new SqlScript();
  return [...pieces.flatMap((piece) => script.push(piece)), ...script.finish()];
}

const STATEMENTS = [
  "SELECT 'a;b', 'it''s;'",
  "SELECT E'\\';' , e'\\\\'",
  'SELECT "a;""b" FROM "x;y"',
  'SELECT $$;$$, $tag$ $$ ; $other$ $tag$, a$b$c',
  'SELECT 1 -- ; not the end\n + 2',
  'SELECT /* ; /* nested ; */ */ 3',
  "INSERT INTO t VALUES (E'x\\\\', ';')",
];

describe('statements of a script', () => {
  it('end at semicolons that stand outside texts, names, comments and dollar quotes', () => {
    expect(split([STATEMENTS.map((one) => `${one};`).join('\n')])).toEqual(STATEMENTS);
  });

  it('are the same however the text is cut', () => {
    const text = `\\pset pager off\n${STATEMENTS.map((one) => `${one};\n-- between\n`).join('\\echo ;\n')}SELECT 9`;
    const whole = split([text]);
    expect(whole).toHaveLength(STATEMENTS.length + 1);
    const dice = new Dice(5);
    for (let round = 0; round < 200; round++) {
      const pieces: string[] = [];
      for (let at = 0; at < text.length; ) {
        const size = 1 + dice.below(round % 2 === 0 ? 3 : 40);
        pieces.push(text.slice(at, at + size));
        at += size;
      }
      expect(split(pieces)).toEqual(whole);
    }
  });

  it('without an end do not grow without bound', () => {
    const script = new SqlScript();
    for (let i = 0; i < 300; i++) script.push(`'${'x'.repeat(10_000)}`);
    const [only] = script.finish();
    expect(only?.length).toBeLessThan(1_100_000);
  });
});
