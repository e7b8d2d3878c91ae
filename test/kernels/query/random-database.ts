import { DatabaseSync } from 'node:sqlite';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Dice } from './sql-model.ts';

export type Value = number | string | null;

/** A database that runs queries; `rows` gives a bag: each row as text, sorted. Undefined when the query fails there. */
export interface Oracle {
  rows(sql: string): Promise<readonly string[] | undefined>;
  close(): void;
}

export interface TableData {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type?: 'int' | 'text' }[];
  readonly rows: readonly (readonly Value[])[];
}

/** Up to `most` rows; few different values, so that joins meet, groups form and ties happen; a fifth is NULL. */
export function randomRows(dice: Dice, columns: readonly (() => Value)[], most: number): Value[][] {
  return Array.from({ length: dice.below(most + 1) }, () =>
    columns.map((value) => (dice.chance(0.2) ? null : value())),
  );
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** SQLite: no types on its columns, as in Spider. */
export function sqlite(tables: readonly TableData[]): Oracle {
  const db = new DatabaseSync(':memory:');
  for (const { name, columns, rows } of tables) {
    db.exec(`CREATE TABLE ${quoted(name)} (${columns.map((column) => quoted(column.name)).join(', ')})`);
    const insert = db.prepare(`INSERT INTO ${quoted(name)} VALUES (${columns.map(() => '?').join(', ')})`);
    for (const row of rows) insert.run(...row);
  }
  return {
    rows: async (sql) => {
      try {
        const statement = db.prepare(sql);
        statement.setReturnArrays(true);
        return bag(statement.all() as unknown as unknown[][]); // arrays were asked for
      } catch {
        return undefined;
      }
    },
    close: () => db.close(),
  };
}

let duck: DuckDBInstance | undefined;

/** DuckDB: typed columns and PostgreSQL's grammar. Tables of the last one are replaced. */
export async function duckdb(tables: readonly TableData[]): Promise<Oracle> {
  duck ??= await DuckDBInstance.create(':memory:');
  const db = await duck.connect();
  await db.run('SET threads = 1');
  for (const table of tables) await fill(db, table);
  return {
    rows: async (sql) => {
      try {
        const reader = await db.runAndReadAll(sql);
        return bag(reader.getRowsJson());
      } catch {
        return undefined;
      }
    },
    close: () => db.closeSync(),
  };
}

async function fill(db: DuckDBConnection, { name, columns, rows }: TableData): Promise<void> {
  const types = columns.map((column) => `${quoted(column.name)} ${column.type === 'text' ? 'VARCHAR' : 'INTEGER'}`);
  await db.run(`CREATE OR REPLACE TABLE ${quoted(name)} (${types.join(', ')})`);
  if (rows.length === 0) return;
  const values = rows.map((row) => `(${row.map(literal).join(', ')})`);
  await db.run(`INSERT INTO ${quoted(name)} VALUES ${values.join(', ')}`);
}

function literal(value: Value): string {
  return value === null ? 'NULL' : typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

function bag(rows: readonly (readonly unknown[])[]): string[] {
  return rows
    .map((row) => JSON.stringify(row, (_key, value) => (typeof value === 'bigint' ? `${value}` : value)))
    .sort();
}
