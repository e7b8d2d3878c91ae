import { ConfigError, PlanError, type SourceIssue, type SourcePosition } from '../core/errors.ts';

/** A place in the raw document: keys and indices from the root. */
export type Path = readonly (string | number)[];

export interface Complaint {
  readonly path: Path;
  /** Whether the key itself is wrong (unknown) or what it holds. */
  readonly at?: 'key' | 'value';
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly level?: 'error' | 'warn';
  readonly step?: string;
  /** When the place was looked up before; `path` is then not used. */
  readonly position?: SourcePosition;
}

/** A bound on what one bad file can print. */
const MAX_ISSUES = 200;

/** Collects everything that is wrong, so that one run shows it all. */
export class Issues {
  private readonly list: SourceIssue[] = [];
  private readonly locate: (path: Path, at: 'key' | 'value') => SourcePosition;

  constructor(locate: (path: Path, at: 'key' | 'value') => SourcePosition) {
    this.locate = locate;
  }

  add(complaint: Complaint): void {
    if (this.list.length >= MAX_ISSUES) return;
    const { path, at = 'value', code, message, remedy, level = 'error', step } = complaint;
    const issue: SourceIssue = { code, level, position: complaint.position ?? this.locate(path, at), message, remedy };
    this.list.push(step === undefined ? issue : { ...issue, step });
  }

  position(path: Path, at: 'key' | 'value' = 'value'): SourcePosition {
    return this.locate(path, at);
  }

  get failed(): boolean {
    return this.list.some((issue) => issue.level === 'error');
  }

  /** In file order; what stands at one place stays in the order it was found. */
  sorted(): readonly SourceIssue[] {
    return this.list.toSorted((a, b) => a.position.line - b.position.line || a.position.column - b.position.column);
  }
}

/** `file:line:col: error unknown-key: message; remedy`. */
export function formatIssue(issue: SourceIssue): string {
  const { file, line, column } = issue.position;
  return `${file}:${line}:${column}: ${issue.level} ${issue.code}: ${issue.message}; ${issue.remedy}`;
}

/** Throws one error that names every issue of level error. */
export function throwIssues(issues: readonly SourceIssue[], stage: 'load' | 'plan'): void {
  const errors = issues.filter((issue) => issue.level === 'error');
  const first = errors[0];
  if (first === undefined) return;
  const message = errors.map(formatIssue).join('\n');
  const options = { code: first.code, position: first.position, issues: errors };
  throw stage === 'load' ? new ConfigError(message, options) : new PlanError(message, options);
}

/** `did you mean \`steps\`?`, or undefined when nothing is near. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const near = nearest(word, known);
  return near === undefined ? undefined : `did you mean \`${near}\`?`;
}

/** The known word with the fewest edits, when they are few for its length. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = fold(word.slice(0, 64));
  let best: string | undefined;
  let bestCost = Math.max(1, Math.floor(wanted.length / 3)) + 0.5;
  for (const candidate of known) {
    const other = fold(candidate);
    const part = wanted.length > 2 && other.length > 2 && (other.startsWith(wanted) || wanted.startsWith(other));
    const cost = Math.min(part ? 1.4 : Number.POSITIVE_INFINITY, editDistance(wanted, other));
    if (cost < bestCost) {
      bestCost = cost;
      best = candidate;
    }
  }
  return best;
}

function fold(word: string): string {
  return word.toLowerCase().replace(/[_\s]/g, '-');
}

/** Optimal string alignment: insert, delete, replace, swap of neighbors. O(n·m). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(previous[j]! + 1, row[j - 1]! + 1, replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** A found value in few words, for messages: bounded, without line breaks. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value !== null && typeof value === 'object') return 'a map';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** `input.csv.columns`, `steps[2].with`. */
export function pathText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}
