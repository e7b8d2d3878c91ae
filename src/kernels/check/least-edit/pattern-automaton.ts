/** Characters an arc takes: ranges of code units, both ends included. */
export type CharRange = readonly [from: number, to: number];

export interface Arc {
  readonly to: number;
  /** Undefined: takes nothing. */
  readonly takes: readonly CharRange[] | undefined;
}

/** A nondeterministic automaton of a pattern; state 0 starts. */
export interface Automaton {
  readonly arcs: readonly (readonly Arc[])[];
  readonly accept: number;
  /** The pattern may begin, or end, anywhere in the text. */
  readonly openStart: boolean;
  readonly openEnd: boolean;
}

/** Larger patterns get no hint. */
const MAX_STATES = 600;
const MAX_REPEAT = 64;

const DIGITS: readonly CharRange[] = [[48, 57]];
const WORD: readonly CharRange[] = [
  [97, 122],
  [65, 90],
  [48, 57],
  [95, 95],
];
const SPACE: readonly CharRange[] = [
  [32, 32],
  [9, 13],
];
const ANY: readonly CharRange[] = [
  [32, 126],
  [160, 0xffff],
];

class Unsupported extends Error {}

/**
 * The automaton of a regular expression; undefined for what this small reader does not know: look-around, back
 * references, flags, anchors other than at the very start and end.
 * Source: Thompson 1968.
 */
export function patternAutomaton(pattern: string): Automaton | undefined {
  const openStart = !pattern.startsWith('^');
  const openEnd = !/(^|[^\\])(\\\\)*\$$/.test(pattern);
  try {
    const reader = new Reader(pattern.slice(openStart ? 0 : 1, openEnd ? undefined : -1));
    const accept = reader.read();
    return { arcs: reader.arcs, accept, openStart, openEnd };
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

/** Reads the pattern and lays out its states on the way; a part that repeats is read again. */
class Reader {
  readonly arcs: Arc[][] = [[]];
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  read(): number {
    const end = this.alternatives(0);
    if (this.at < this.text.length) throw new Unsupported();
    return end;
  }

  private state(): number {
    if (this.arcs.length >= MAX_STATES) throw new Unsupported();
    return this.arcs.push([]) - 1;
  }

  private link(from: number, to: number, takes?: readonly CharRange[]): void {
    this.arcs[from]!.push({ to, takes });
  }

  private alternatives(start: number): number {
    const end = this.state();
    for (;;) {
      const branch = this.state();
      this.link(start, branch);
      this.link(this.sequence(branch), end);
      if (this.text[this.at] !== '|') return end;
      this.at++;
    }
  }

  private sequence(start: number): number {
    let from = start;
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')')
      from = this.repeated(from);
    return from;
  }

  private repeated(start: number): number {
    const begin = this.at;
    const first = this.state();
    this.link(start, first);
    let end = this.atom(first);
    const after = this.at;
    const [least, most, resume] = this.quantifier();
    if (least === 1 && most === 1) return end;
    const again = (from: number): number => {
      this.at = begin;
      const to = this.atom(from);
      this.at = after;
      return to;
    };
    for (let n = 1; n < least; n++) end = again(end);
    if (most === Number.POSITIVE_INFINITY) {
      const loop = this.state();
      this.link(end, loop);
      this.link(again(loop), loop);
      end = loop;
    } else
      for (let n = Math.max(1, least); n < most; n++) {
        const next = again(end);
        const out = this.state();
        this.link(next, out);
        this.link(end, out);
        end = out;
      }
    if (least === 0) this.link(start, end);
    this.at = resume;
    return end;
  }

  private quantifier(): readonly [least: number, most: number, resume: number] {
    const found = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(this.text.slice(this.at));
    if (found === null) return [1, 1, this.at];
    const [whole, sign, least, comma, most] = found;
    const resume = this.at + whole.length;
    if (sign !== undefined) return [sign === '+' ? 1 : 0, sign === '?' ? 1 : Number.POSITIVE_INFINITY, resume];
    const low = Number(least);
    const high = comma === undefined ? low : most === '' ? Number.POSITIVE_INFINITY : Number(most);
    if (low > MAX_REPEAT || (high !== Number.POSITIVE_INFINITY && (high > MAX_REPEAT || high === 0)))
      throw new Unsupported();
    return [low, high, resume];
  }

  private atom(start: number): number {
    const char = this.text[this.at++];
    if (char === '(') {
      if (this.text.startsWith('?:', this.at)) this.at += 2;
      else if (this.text[this.at] === '?') throw new Unsupported();
      const end = this.alternatives(start);
      if (this.text[this.at++] !== ')') throw new Unsupported();
      return end;
    }
    const end = this.state();
    this.link(start, end, this.taken(char));
    return end;
  }

  private taken(char: string | undefined): readonly CharRange[] {
    if (char === undefined || '^$*+?{'.includes(char)) throw new Unsupported();
    if (char === '.') return ANY;
    if (char === '[') return this.charClass();
    return char === '\\' ? this.escaped() : single(char);
  }

  private escaped(): readonly CharRange[] {
    const char = this.text[this.at++];
    switch (char) {
      case 'd':
        return DIGITS;
      case 'w':
        return WORD;
      case 's':
        return SPACE;
      case 't':
        return single('\t');
      default:
        if (char === undefined || /[A-Za-z0-9]/.test(char)) throw new Unsupported();
        return single(char);
    }
  }

  private charClass(): readonly CharRange[] {
    const negated = this.text[this.at] === '^';
    if (negated) this.at++;
    const ranges: CharRange[] = [];
    for (let first = true; this.text[this.at] !== ']' || first; first = false) {
      const from = this.classItem();
      const [low = 0] = from[0] ?? [];
      if (from.length === 1 && this.text[this.at] === '-' && this.text[this.at + 1] !== ']') {
        this.at++;
        const to = this.classItem();
        ranges.push([low, to[0]?.[0] ?? low]);
      } else ranges.push(...from);
    }
    this.at++;
    return negated ? complement(ranges) : ranges;
  }

  private classItem(): readonly CharRange[] {
    const char = this.text[this.at++];
    if (char === undefined || char === '[') throw new Unsupported();
    return char === '\\' ? this.escaped() : single(char);
  }
}

function single(char: string): readonly CharRange[] {
  return [[char.charCodeAt(0), char.charCodeAt(0)]];
}

function complement(ranges: readonly CharRange[]): readonly CharRange[] {
  const found: CharRange[] = [];
  let next = 32;
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (from > next) found.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  if (next <= 0xffff) found.push([next, 0xffff]);
  return found;
}
