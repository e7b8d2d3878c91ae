/** Longer texts are JSON.stringify's. */
const MAX_LOOKED_AT = 64;

/** JSON of a text. Characters that stand for themselves are looked for here, which is quicker for what is short. */
export function quoted(text: string): string {
  const { length } = text;
  if (length > MAX_LOOKED_AT) return JSON.stringify(text);
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c < 32 || c > 126 || c === 34 || c === 92) return JSON.stringify(text);
  }
  return `"${text}"`;
}
