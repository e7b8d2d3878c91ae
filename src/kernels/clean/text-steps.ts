import { compileLinear, linearPattern } from '../check/linear-pattern.ts';
import type { Apply } from './step.ts';

/** Texts longer than this are left alone by steps that rewrite character by character. */
const MAX_REWRITTEN_CHARS = 1_000_000;
const ASCII = /^[\0-\x7f]*$/;
const UNTIDY = /\s\s|[^\S ]/;
const RUN = /\s+/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;
const WORD = /\p{L}[\p{L}\p{M}'’]*/gu;

const onText =
  (fn: (text: string) => string): Apply =>
  (value) =>
    typeof value === 'string' && value.length <= MAX_REWRITTEN_CHARS ? fn(value) : value;

export const trim: Apply = (value) => (typeof value === 'string' ? value.trim() : value);

/** Runs of white space become one blank. */
export const collapseWhitespace = onText((text) => (UNTIDY.test(text) ? text.replace(RUN, ' ') : text));

export const lowerCase = onText((text) => text.toLowerCase());

export const upperCase = onText((text) => text.toUpperCase());

/** First letter of each word large, the rest small; a letter whose large form is several letters stays. */
export const titleCase = onText((text) =>
  text.replace(WORD, (word) => {
    const first = String.fromCodePoint(word.codePointAt(0)!);
    const large = first.toUpperCase();
    return (large.length === first.length ? large : first) + word.slice(first.length).toLowerCase();
  }),
);

/** Control, direction and zero-width characters are taken out; tab and line breaks stay. */
export const stripControl = onText((text) => text.replace(CONTROL, ''));

/** Source: Unicode Standard Annex 15. */
export function unicodeForm(form: 'NFC' | 'NFKC'): Apply {
  return onText((text) => (ASCII.test(text) ? text : text.normalize(form)));
}

/** Every match replaced, in linear time; `$1` in the replacement is a group, `$$` a dollar sign. */
export function replacing(source: string, replacement: string): Apply {
  const { native, nativeChars } = linearPattern(source);
  const linear = compileLinear(source);
  const every = native === undefined ? undefined : new RegExp(native.source, `${native.flags}g`);
  return onText((text) => {
    if (every !== undefined && text.length <= nativeChars) return text.replace(every, replacement);
    const matcher = linear.matcher(text);
    return matcher.find() ? matcher.reset().replaceAll(replacement) : text;
  });
}

/** All but the last `keep` characters become `char`. */
export function masking(keep: number, char: string): Apply {
  return (value) => {
    if (typeof value === 'object') return char.repeat(4);
    const characters = [...String(value).slice(0, MAX_REWRITTEN_CHARS)];
    const hidden = Math.max(0, characters.length - keep);
    const masked = char.repeat(hidden) + characters.slice(hidden).join('');
    return masked === value ? value : masked;
  };
}

export function splitting(separator: string): Apply {
  return (value) => (typeof value === 'string' && value.length <= MAX_REWRITTEN_CHARS ? value.split(separator) : value);
}

/** A list of scalars becomes one text; null elements are left out. */
export function joining(separator: string): Apply {
  return (value) => {
    if (!Array.isArray(value)) return value;
    const parts: string[] = [];
    for (const item of value) {
      if (typeof item === 'object' && item !== null) return value;
      if (item !== null && item !== undefined) parts.push(String(item));
    }
    return parts.join(separator);
  };
}
