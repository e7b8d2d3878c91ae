import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** libpg-query's tree: JSON, see ast.ts. */
export interface SqlTree {
  readonly stmts?: readonly { readonly stmt?: unknown }[];
}

interface PgQuery {
  loadModule(): Promise<void>;
  parseSync(sql: string): SqlTree;
}

/**
 * PostgreSQL's own grammar as WASM. A syntax error leaves the instance as it was; any other failure (its stack overflowing)
 * may leave the stack pointer behind, so the instance is then replaced while the old one answers on. Callers keep
 * statements below that by their text (see measure), so that what is recognized never depends on what came before.
 */
export class SqlParser {
  /** Instances replaced so far; a metric. */
  replaced = 0;
  private instance: PgQuery;
  private replacing = false;

  private constructor(instance: PgQuery) {
    this.instance = instance;
  }

  /** One for the whole process: parsing keeps nothing from one statement to the next. */
  static load(): Promise<SqlParser> {
    shared ??= freshInstance().then((instance) => new SqlParser(instance));
    return shared;
  }

  /** Throws on a syntax error or when the statement is too much for the parser. */
  readonly parse = (sql: string): SqlTree => {
    try {
      return this.instance.parseSync(sql);
    } catch (error) {
      if (!(error instanceof Error && error.name === 'SqlError')) this.replace();
      throw error;
    }
  };

  private replace(): void {
    if (this.replacing) return;
    this.replacing = true;
    freshInstance().then(
      (instance) => {
        this.instance = instance;
        this.replaced++;
        this.replacing = false;
      },
      () => {
        this.replacing = false; // the old instance goes on; the next failure tries again
      },
    );
  }
}

let shared: Promise<SqlParser> | undefined;

async function freshInstance(): Promise<PgQuery> {
  const path = require.resolve('libpg-query');
  for (const loaded of Object.keys(require.cache)) if (loaded.includes('libpg-query')) delete require.cache[loaded];
  const instance: PgQuery = require(path);
  await instance.loadModule();
  return instance;
}
