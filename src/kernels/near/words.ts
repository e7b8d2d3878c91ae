/** By ASCII code: letters and digits. */
const IN_WORDS = Uint8Array.from({ length: 128 }, (_, code) => (/[a-z0-9]/i.test(String.fromCharCode(code)) ? 1 : 0));
const UNTIDY = /^\s|\s$|\s\s|[^\S ]/;

/** Compatibility forms, case and white space do not tell two texts apart. */
function normalizeText(value: string): string {
  const text = (isPlain(value) ? value : value.normalize('NFKC')).toLowerCase();
  return UNTIDY.test(text) ? text.replace(/\s+/g, ' ').trim() : text;
}

/** Only ASCII, as most texts are. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** What is compared of a value: text, numbers, and lists of them. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return normalizeText(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(textOf).join(' ');
  return '';
}

/** Where the words of a text begin and end, in turn: letters and digits in a row. Cost: no string a word. */
export function wordBounds(text: string): number[] {
  const bounds: number[] = [];
  let isWord = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return boundsOfAny(text);
    if ((IN_WORDS[code] === 1) === isWord) continue;
    isWord = !isWord;
    bounds.push(i);
  }
  if (isWord) bounds.push(text.length);
  return bounds;
}

function boundsOfAny(text: string): number[] {
  const bounds: number[] = [];
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{M}\p{N}]+/gu)) bounds.push(index, index + word.length);
  return bounds;
}
