import type { Dice } from './sql-model.ts';
import type { Rewrite } from './sql-writer.ts';

/** What stands between two tokens. */
const GAPS = [' ', '  ', '\n', '\t', ' \r\n '];
const COMMENTS = [' -- a comment; with SELECT in it\n', ' /* one */ ', '/* nested /* two */ ends */', ' --\n'];

/** Tokens as text, varying what stands between them and the case of words. */
export function present(tokens: readonly string[], may: (rewrite: Rewrite) => boolean, dice: Dice): string {
  let out = '';
  for (const token of tokens) {
    // libpg-query does not parse a comment between NOT and IN: a bypass
    const gap =
      may('comments') && dice.chance(0.3) && !/\bNOT$/i.test(out)
        ? dice.pick(COMMENTS)
        : may('spaces')
          ? dice.pick(GAPS)
          : ' ';
    out += (out === '' ? '' : gap) + (may('case') ? otherCase(token, dice) : token);
  }
  return out;
}

/** Keywords and names fold; what is quoted does not. */
function otherCase(token: string, dice: Dice): string {
  if (token.includes('"') || token.includes("'")) return token;
  return dice.chance(0.5) ? token.toLowerCase() : token.toUpperCase();
}
