import { FormatError } from '../core/errors.ts';

/** Deepest nesting accepted: everything that walks a value may recurse. */
export const MAX_JSON_DEPTH = 512;
/** Most members of objects and lists in one record. */
export const MAX_JSON_MEMBERS = 100_000;
/** Shorter texts cannot exceed either bound by enough to hurt, and are not scanned. */
const SCAN_FROM_CHARS = 2048;

/** Throws FormatError when the text is nested too deep or has too many members. Strings are skipped; the text need not be valid. */
export function checkJsonLimits(text: string): void {
  if (text.length < SCAN_FROM_CHARS) return;
  let depth = 0;
  let members = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34) i = stringEnd(text, i);
    else if (c === 123 || c === 91) {
      if (++depth > MAX_JSON_DEPTH) throw new FormatError(`nested deeper than ${MAX_JSON_DEPTH}`, { code: 'too-deep' });
    } else if (c === 125 || c === 93) depth--;
    else if (c === 44 && ++members > MAX_JSON_MEMBERS) {
      throw new FormatError(`more than ${MAX_JSON_MEMBERS} members`, { code: 'too-many-members' });
    }
  }
}

/** Index of the quote that closes the string which opens at `start`; the text's length when none does. */
export function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 92) slashes++;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}
