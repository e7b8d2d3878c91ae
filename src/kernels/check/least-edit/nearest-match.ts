import type { Automaton, CharRange } from './pattern-automaton.ts';

/** Longer texts are not brought to a pattern. */
const MAX_CHARS = 64;
/** More edits than this make another text. */
const MAX_EDITS = 24;
/** A letter in its other case is nearer than another letter. */
const OTHER_CASE = 0.5;

interface Node {
  readonly cost: number;
  readonly before: number;
  /** Character written on the way here; '' for none. */
  readonly wrote: string;
}

/**
 * The text nearest to `text` that the automaton takes, by insertions, deletions and replacements; undefined beyond 24.
 *
 * Idea: cheapest path over (state, characters read). What is written where the pattern leaves a choice is the other
 * case of the letter read, else a 0, an a or an A, else the first character allowed.
 * Cost: states × length, for one rejected record.
 * Source: Wagner & Seiferas 1978 (correcting to a regular language).
 */
export function nearestMatch(text: string, automaton: Automaton): string | undefined {
  if (text.length > MAX_CHARS) return undefined;
  const width = text.length + 1;
  const best = new Float64Array(automaton.arcs.length * width).fill(Number.POSITIVE_INFINITY);
  const nodes: (Node | undefined)[] = [];
  const buckets: number[][] = [];
  const goal = automaton.accept * width + text.length;
  const reach = (to: number, node: Node): void => {
    if (node.cost >= best[to]! || node.cost > MAX_EDITS) return;
    best[to] = node.cost;
    nodes[to] = node;
    let bucket = buckets[node.cost * 2];
    if (bucket === undefined) {
      bucket = [];
      buckets[node.cost * 2] = bucket;
    }
    bucket.push(to);
  };
  reach(0, { cost: 0, before: -1, wrote: '' });
  for (let b = 0; b <= MAX_EDITS * 2; b++) {
    const bucket = buckets[b] ?? [];
    for (let i = 0; i < bucket.length; i++) {
      const at = bucket[i]!;
      if (best[at]! * 2 !== b) continue;
      if (at === goal) return written(nodes, goal);
      expand(at, { text, width, automaton, cost: best[at]!, reach });
    }
  }
  return undefined;
}

function expand(
  at: number,
  {
    text,
    width,
    automaton,
    cost,
    reach,
  }: {
    readonly text: string;
    readonly width: number;
    readonly automaton: Automaton;
    readonly cost: number;
    readonly reach: (to: number, node: Node) => void;
  },
): void {
  const state = Math.floor(at / width);
  const read = at % width;
  const char = text[read];
  const isFree = (state === 0 && automaton.openStart) || (state === automaton.accept && automaton.openEnd);
  if (char !== undefined) {
    if (isFree) reach(at + 1, { cost, before: at, wrote: char });
    reach(at + 1, { cost: cost + 1, before: at, wrote: '' });
  }
  for (const { to, takes } of automaton.arcs[state]!) {
    const next = to * width + read;
    if (takes === undefined) {
      reach(next, { cost, before: at, wrote: '' });
      continue;
    }
    if (char !== undefined && includes(takes, char)) reach(next + 1, { cost, before: at, wrote: char });
    else if (char !== undefined) {
      const other = otherCase(char);
      if (other !== char && includes(takes, other))
        reach(next + 1, { cost: cost + OTHER_CASE, before: at, wrote: other });
      else reach(next + 1, { cost: cost + 1, before: at, wrote: pick(takes) });
    }
    reach(next, { cost: cost + 1, before: at, wrote: pick(takes) });
  }
}

function written(nodes: readonly (Node | undefined)[], goal: number): string {
  let text = '';
  for (let node = nodes[goal]; node !== undefined; node = nodes[node.before]) text = node.wrote + text;
  return text;
}

function includes(ranges: readonly CharRange[], char: string): boolean {
  const code = char.charCodeAt(0);
  return ranges.some(([from, to]) => code >= from && code <= to);
}

function otherCase(char: string): string {
  const upper = char.toUpperCase();
  return upper === char ? char.toLowerCase() : upper;
}

function pick(ranges: readonly CharRange[]): string {
  for (const wanted of ['0', 'a', 'A']) if (includes(ranges, wanted)) return wanted;
  return String.fromCharCode(ranges[0]![0]);
}
