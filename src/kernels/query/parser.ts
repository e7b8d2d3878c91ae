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
 * PostgreSQL's own grammar as WASM. A syntax error leaves the instance as it was; any other failure (the WASM stack
 * overflowing on a statement of 100,000 terms) may leave its stack pointer behind, so the instance is then replaced
 * while the old one answers on.
 */
export class SqlParser {
  /** Instances replaced so far; a metric. */
  replaced = 0;
  private instance: PgQuery;
  private replacing = false;

  private constructor(instance: PgQuery) {
    this.instance = instance;
  }

  static async load(): Promise<SqlParser> {
    return new SqlParser(await freshInstance());
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

async function freshInstance(): Promise<PgQuery> {
  const path = require.resolve('libpg-query');
  for (const loaded of Object.keys(require.cache)) if (loaded.includes('libpg-query')) delete require.cache[loaded];
  const instance: PgQuery = require(path);
  await instance.loadModule();
  return instance;
}
