/** A longer statement is given cut off at this length, so that it is counted and bypassed. */
const MAX_STATEMENT_CHARS = 1024 * 1024;

type State = 'code' | 'single' | 'escape' | 'double' | 'line' | 'block' | 'dollar' | 'psql';

/**
 * Statements of a SQL script, between semicolons that stand outside texts, quoted names, comments and dollar quotes.
 * Commands of psql (a line that begins with a backslash where a statement would) are skipped. Text comes in pieces;
 * memory holds one statement.
 */
export class SqlScript {
  private statement = '';
  private state: State = 'code';
  private depth = 0;
  private tag = '';
  private pending = '';

  /** Whole statements of the next piece of text. */
  push(piece: string): string[] {
    // a token may be cut in two: the last characters wait for the next piece
    const text = this.pending + piece;
    const keep = Math.min(text.length, 64);
    this.pending = text.slice(text.length - keep);
    return this.scan(text, text.length - keep);
  }

  finish(): string[] {
    const text = this.pending;
    this.pending = '';
    const statements = this.scan(text, text.length);
    const rest = this.take();
    return rest === undefined ? statements : [...statements, rest];
  }

  private scan(text: string, end: number): string[] {
    const statements: string[] = [];
    let at = 0;
    while (at < end) {
      const next = this.step(text, at);
      if (this.state === 'code' && next === at + 1 && text[at] === ';') {
        const statement = this.take();
        if (statement !== undefined) statements.push(statement);
      } else if (this.state !== 'psql') this.keep(text.slice(at, next));
      at = next;
    }
    this.pending = text.slice(at);
    return statements;
  }

  private take(): string | undefined {
    const statement = this.statement.trim();
    this.statement = '';
    return hasCode(statement) ? statement : undefined;
  }

  private keep(text: string): void {
    if (this.statement.length < MAX_STATEMENT_CHARS) this.statement += text;
  }

  /** Index after the token at `at`; sets the state it leads to. */
  private step(text: string, at: number): number {
    switch (this.state) {
      case 'code':
        return this.inCode(text, at);
      case 'single':
      case 'escape':
        return this.inText(text, at);
      case 'double':
        return this.until(text, at, '"');
      case 'line':
      case 'psql':
        return this.until(text, at, '\n');
      case 'dollar':
        return this.until(text, at, this.tag);
      case 'block':
        return this.inBlock(text, at);
    }
  }

  private inCode(text: string, at: number): number {
    const special = nextOf(SPECIAL, text, at);
    if (special > at) return special;
    const two = text.slice(at, at + 2);
    if (two === '--') return this.enter('line', at + 2);
    if (two === '/*') {
      this.depth = 1;
      return this.enter('block', at + 2);
    }
    const c = text[at];
    if (c === "'") {
      const before = at === 0 ? (this.statement.at(-1) ?? '') : (text[at - 1] ?? '');
      return this.enter(/e/i.test(before) ? 'escape' : 'single', at + 1);
    }
    if (c === '"') return this.enter('double', at + 1);
    if (c === '$') {
      const tag = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(text.slice(at, at + 64))?.[0];
      if (tag !== undefined && !/[\w$]/.test(text[at - 1] ?? this.statement.at(-1) ?? '')) {
        this.tag = tag;
        return this.enter('dollar', at + tag.length);
      }
    }
    if (c === '\\' && !hasCode(this.statement)) return this.enter('psql', at + 1);
    return at + 1;
  }

  private inText(text: string, at: number): number {
    const special = nextOf(this.state === 'escape' ? QUOTE_OR_ESCAPE : QUOTE, text, at);
    if (special > at) return special;
    if (text[at] === '\\' && this.state === 'escape') return at + 2;
    if (text[at] !== "'") return at + 1;
    if (text[at + 1] === "'") return at + 2;
    return this.enter('code', at + 1);
  }

  private inBlock(text: string, at: number): number {
    const two = text.slice(at, at + 2);
    if (two === '/*') this.depth++;
    else if (two === '*/') this.depth--;
    else return at + 1;
    return this.depth === 0 ? this.enter('code', at + 2) : at + 2;
  }

  private until(text: string, at: number, mark: string): number {
    if (text.startsWith(mark, at)) return this.enter('code', at + mark.length);
    const next = text.indexOf(mark[0] ?? '', at + 1);
    return next < 0 ? text.length : next;
  }

  private enter(state: State, at: number): number {
    this.state = state;
    return at;
  }
}

const SPECIAL = /[-/'"$\\;]/g;
const QUOTE = /'/g;
const QUOTE_OR_ESCAPE = /['\\]/g;

/** Index of the next such character from `at` on, else the end of the text. */
function nextOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.index ?? text.length;
}

/** Something else than comments. */
function hasCode(statement: string): boolean {
  return statement.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, '').trim() !== '';
}
