import { keyOf, type Span, skipSpace, walk } from './scan.ts';

/** More fields than this are read by JSON.parse: the reader of a shape is one function, which must stay small. */
const MAX_FIELDS = 48;
/** The text between two values, in characters. */
const MAX_LITERAL_CHARS = 200;

/** How the records of a feed are written: what stands before each value, and after the last one. */
export interface Shape {
  readonly keys: readonly string[];
  /** One more than keys: `{"id":`, `,"name":`, …, `}`. */
  readonly literals: readonly string[];
}

/** The shape of a JSON object without nested values, escapes and repeated keys, in ASCII; undefined for any other text. */
export function shapeOf(text: string): Shape | undefined {
  const start = skipSpace(text, 0);
  if (text.charCodeAt(start) !== 123 || !isPlain(text) || !isJson(text)) return undefined;
  const keys: string[] = [];
  const literals: string[] = [];
  let from = 0;
  let isFlat = true;
  walk(text, start, (span: Span) => {
    keys.push(keyOf(text, span));
    literals.push(text.slice(from, span.valueStart));
    const first = text.charCodeAt(span.valueStart);
    if (first === 123 || first === 91) isFlat = false;
    from = span.valueEnd;
  });
  literals.push(text.slice(from));
  const isUsable =
    isFlat &&
    keys.length > 0 &&
    keys.length <= MAX_FIELDS &&
    new Set(keys).size === keys.length &&
    !keys.includes('__proto__') &&
    literals.every((literal) => literal.length <= MAX_LITERAL_CHARS);
  return isUsable ? { keys, literals } : undefined;
}

/** ASCII without control characters and backslashes. */
function isPlain(text: string): boolean {
  return /^[ !-[\]-~]*$/.test(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // no record to learn from
  }
}
