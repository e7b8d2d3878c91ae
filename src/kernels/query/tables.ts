import { as, type Json, list, text, walk } from './ast.ts';

/** Tables a statement names, `schema.table` or `table`; names of CTEs are left out unless a schema is given. Sorted. */
export function tablesOf(statement: Json): string[] {
  const ctes = new Set<string>();
  const tables = new Set<string>();
  walk(statement, (node) => {
    for (const cte of list(node.ctes)) {
      const name = text(as('CommonTableExpr', cte)?.ctename);
      if (name !== undefined) ctes.add(name);
    }
    for (const body of [as('RangeVar', node), relation(node.relation), relation(node.rel)]) {
      const name = text(body?.relname);
      if (name !== undefined) tables.add(body?.schemaname === undefined ? name : `${text(body.schemaname)}.${name}`);
    }
    return true;
  });
  return [...tables].filter((table) => !ctes.has(table)).sort();
}

/** INSERT, UPDATE and DELETE carry their table without a tag. */
function relation(value: Json | undefined): { [key: string]: Json } | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
}
