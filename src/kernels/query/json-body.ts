import { canonicalJson } from '../canonical-json/canonical-json.ts';
import { type CanonicalResult, keyed } from './canonical.ts';

/** Numbers in `JSON.parse`'s reviver carry their text. Source: TC39 proposal json-parse-with-source. */
type Reviver = (this: unknown, name: string, value: unknown, context: { readonly source?: string }) => unknown;

/**
 * Key of a JSON body by RFC 8785: white space, order of properties and spelling of numbers and texts do not count.
 * A body that decoding would change (a property twice, a number beyond a double) is keyed by its text alone.
 *
 * Errors: none; what is no JSON, or holds lone surrogates, is a bypass. Cost: one parse and one canonical text.
 */
export function jsonBody(body: string): CanonicalResult {
  try {
    let exact = true;
    let properties = 0;
    const check: Reviver = function (name, value, { source }) {
      if (name !== '' && !Array.isArray(this)) properties++;
      if (typeof value === 'number' && source !== undefined && decimal(source) !== decimal(String(value)))
        exact = false;
      return value;
    };
    const value: unknown = JSON.parse(body, check as Parameters<typeof JSON.parse>[1]); // the library's types lack the third argument
    if (exact && properties === colons(body)) return keyed(canonicalJson(value), ['json'], []);
    return keyed(`text ${body}`, [], []);
  } catch {
    return { kind: 'bypass', reason: 'unparsable' };
  }
}

/** Colons outside texts: the properties written. A property named '' counts as none in the reviver: then the text decides. */
function colons(body: string): number {
  let count = 0;
  let inText = false;
  for (let i = 0; i < body.length; i++) {
    const c = body.charCodeAt(i);
    if (inText && c === 92) i++;
    else if (c === 34) inText = !inText;
    else if (!inText && c === 58) count++;
  }
  return count;
}

/** One text for every way to write a decimal number: digits without zeros at the ends, and the place of the first. */
function decimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const digits = `${whole}${fraction}`;
  const kept = digits.replace(/^0+/, '');
  if (kept === '') return '0';
  const place = Number(exponent) + whole.length - (digits.length - kept.length);
  return `${sign}${kept.replace(/0+$/, '')}@${place}`;
}
