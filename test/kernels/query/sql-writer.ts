import type { Column, Condition, Dice, Literal, Operator, Query } from './sql-model.ts';
import { present } from './sql-tokens.ts';

/** Ways to write a query that do not change what it means. */
export const REWRITES = [
  'spaces',
  'comments',
  'case',
  'parentheses',
  'not-equal-sign',
  'asc',
  'fetch-first',
  'inner',
  'comma-join',
  'join-order',
  'order-of-parts',
  'repeat-part',
  'nest-parts',
  'in-order',
  'in-repeat',
  'in-single',
  'between',
  'turn',
  'alias',
  'qualify',
  'cast',
  'always-true',
] as const;
export type Rewrite = (typeof REWRITES)[number];

const TURNED: Readonly<Record<Operator, Operator>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};
const TYPES = {
  int4: ['int4', 'INT', 'integer', 'pg_catalog.int4'],
  text: ['text'],
  float8: ['float8', 'double precision'],
};
const ALIASES = ['x', 'y', 'q1', 'zz', 'a_long_name', '"Mixed"', '"with space"', 'v', 'w', 'k9'];
/** Writes a query as SQL, varying what `rewrites` allow by the dice. At level `schema` columns need no qualifier. */
export function write(query: Query, rewrites: ReadonlySet<Rewrite>, dice: Dice, schemaLevel: boolean): string {
  const may = (rewrite: Rewrite): boolean => rewrites.has(rewrite) && dice.chance(0.5);
  const writer = new Writer(query, may, dice, schemaLevel);
  return present(writer.select(), may, dice);
}

class Writer {
  private readonly query: Query;
  private readonly may: (rewrite: Rewrite) => boolean;
  private readonly dice: Dice;
  private readonly schemaLevel: boolean;
  private readonly aliases: readonly (string | undefined)[];

  constructor(query: Query, may: (rewrite: Rewrite) => boolean, dice: Dice, schemaLevel: boolean) {
    this.query = query;
    this.may = may;
    this.dice = dice;
    this.schemaLevel = schemaLevel;
    const pool = may('alias') ? dice.shuffle(ALIASES) : ['t0', 't1', 't2'];
    const twice = new Set(query.sources.map((source) => source.table)).size < query.sources.length;
    const bare = !twice && may('alias');
    this.aliases = query.sources.map((_, i) => (bare ? undefined : pool[i]));
  }

  select(): string[] {
    const { query } = this;
    const out = ['SELECT'];
    if (query.distinct) out.push('DISTINCT');
    query.targets.forEach((target, i) => {
      if (i > 0) out.push(',');
      out.push(...this.cast(this.column(target.column), target.cast));
      if (target.alias !== undefined) out.push('AS', target.alias);
    });
    const where = this.from(out);
    if (where !== undefined) out.push('WHERE', ...this.condition(where));
    query.order.forEach(({ column, descending }, i) => {
      out.push(i === 0 ? 'ORDER BY' : ',', this.column(column, true));
      if (descending) out.push('DESC');
      else if (this.may('asc')) out.push('ASC');
    });
    if (query.limit !== undefined) {
      if (this.may('fetch-first')) out.push('FETCH', 'FIRST', String(query.limit), 'ROWS', 'ONLY');
      else out.push('LIMIT', String(query.limit));
    }
    return out;
  }

  /** Pushes the FROM clause; gives what the WHERE clause has to say. */
  private from(out: string[]): Condition | undefined {
    const { query } = this;
    out.push('FROM');
    const names = query.sources.map(({ table, schema }, i) => {
      const name = schema === undefined ? table : `${schema}.${table}`;
      const alias = this.aliases[i];
      if (alias === undefined) return [name];
      return this.dice.chance(0.5) ? [name, 'AS', alias] : [name, alias];
    });
    const inner = query.joins.length > 0 && query.joins.every((join) => !join.left);
    const tables = query.sources.map(({ table }) => table);
    if (inner && query.limit === undefined && new Set(tables).size === tables.length && this.may('comma-join')) {
      const listed = this.may('join-order') ? this.dice.shuffle(names) : names;
      listed.forEach((name, i) => {
        out.push(...(i > 0 ? [','] : []), ...name);
      });
      const parts = [...query.joins.map((join) => join.on), ...(query.where === undefined ? [] : [query.where])];
      return parts.length === 1 ? parts[0] : { kind: 'and', parts };
    }
    out.push(...(names[0] ?? []));
    query.joins.forEach((join, i) => {
      if (join.left) out.push('LEFT', ...(this.may('inner') ? ['OUTER'] : []), 'JOIN');
      else out.push(...(this.may('inner') ? ['INNER'] : []), 'JOIN');
      out.push(...(names[i + 1] ?? []), 'ON', ...this.condition(join.on));
    });
    return query.where;
  }

  private column({ source, name, quoted }: Column, ordering = false): string {
    const spelled = quoted === true ? `"${name.toUpperCase()}"` : name;
    const { query } = this;
    // what ORDER BY means by a bare name that is also an output is another question
    const hidden = ordering && query.targets.some((target) => target.alias === name || target.cast !== undefined);
    const unique =
      (query.sources.length === 1 || (this.schemaLevel && !query.sources.some((one) => one.schema !== undefined))) &&
      new Set(query.sources.map((one) => one.table)).size === query.sources.length;
    if (!hidden && unique && quoted !== true && this.may('qualify')) return spelled;
    return `${this.aliases[source] ?? query.sources[source]?.table}.${spelled}`;
  }

  private cast(text: string, type: 'int4' | 'text' | 'float8' | undefined): string[] {
    if (type === undefined) return [text];
    const name = this.may('cast') ? this.dice.pick(TYPES[type]) : type;
    return this.may('cast') ? ['CAST', '(', text, 'AS', name, ')'] : [`${text}::${name}`];
  }

  private condition(condition: Condition): string[] {
    const text = this.bare(condition);
    return this.may('parentheses') ? ['(', ...text, ')'] : text;
  }

  /** Inside AND, OR and NOT. */
  private inner(condition: Condition): string[] {
    const needs =
      condition.kind === 'and' || condition.kind === 'or' || condition.kind === 'not' || condition.kind === 'between';
    const text = this.bare(condition);
    return needs || this.may('parentheses') ? ['(', ...text, ')'] : text;
  }

  private bare(condition: Condition): string[] {
    switch (condition.kind) {
      case 'compare':
        return this.comparison(condition.operator, this.column(condition.left), this.operand(condition.right));
      case 'in':
        return this.list(condition);
      case 'between':
        return this.between(condition);
      case 'null':
        return [this.column(condition.left), 'IS', ...(condition.not ? ['NOT'] : []), 'NULL'];
      case 'not':
        return ['NOT', ...this.inner(condition.part)];
      case 'exists':
        return this.exists(condition);
      default:
        return this.parts(condition.kind === 'and' ? 'AND' : 'OR', condition.parts);
    }
  }

  private comparison(operator: Operator, left: string, right: string): string[] {
    const turned = this.may('turn');
    const [a, b, sign] = turned ? [right, left, TURNED[operator]] : [left, right, operator];
    return [a, sign === '<>' && this.may('not-equal-sign') ? '!=' : sign, b];
  }

  private operand(value: Literal | Column): string {
    return 'source' in value ? this.column(value) : literal(value);
  }

  private list({ left, not, items }: Extract<Condition, { kind: 'in' }>): string[] {
    const [only] = items;
    if (items.length === 1 && only !== undefined && this.may('in-single'))
      return this.comparison(not ? '<>' : '=', this.column(left), literal(only));
    let texts = items.map(literal);
    if (this.may('in-repeat')) texts = [...texts, this.dice.pick(texts)];
    if (this.may('in-order')) texts = this.dice.shuffle(texts);
    return [this.column(left), ...(not ? ['NOT'] : []), 'IN', '(', ...separated(texts), ')'];
  }

  private between({ left, low, high }: Extract<Condition, { kind: 'between' }>): string[] {
    if (!this.may('between')) return [this.column(left), 'BETWEEN', literal(low), 'AND', literal(high)];
    return [
      ...this.comparison('>=', this.column(left), literal(low)),
      'AND',
      ...this.comparison('<=', this.column(left), literal(high)),
    ];
  }

  private exists({ table, inner, outer, value }: Extract<Condition, { kind: 'exists' }>): string[] {
    const alias = this.may('alias') ? 'deep' : 'sub';
    return [
      ...['EXISTS', '(', 'SELECT', '1', 'FROM', table, alias, 'WHERE'],
      ...this.comparison('=', `${alias}.${inner}`, this.outer(outer)),
      ...['AND', `${alias}.${inner}`, '<>', literal(value), ')'],
    ];
  }

  /** A column of the outer query keeps its qualifier inside a subquery. */
  private outer({ source, name, quoted }: Column): string {
    return `${this.aliases[source] ?? this.query.sources[source]?.table}.${quoted === true ? `"${name.toUpperCase()}"` : name}`;
  }

  private parts(word: string, parts: readonly Condition[]): string[] {
    let order = this.may('order-of-parts') ? this.dice.shuffle(parts) : [...parts];
    if (this.may('repeat-part')) order = [...order, this.dice.pick(parts)];
    const texts = order.map((part) => this.inner(part));
    const idle = word === 'AND' ? ['TRUE', '1 = 1', '2 > 1'] : ['FALSE', '1 = 2', '2 < 1'];
    if (this.may('always-true')) texts.splice(this.dice.below(texts.length + 1), 0, [this.dice.pick(idle)]);
    const nested = texts.length > 2 && this.may('nest-parts') ? 1 + this.dice.below(texts.length - 2) : 0;
    const out: string[] = [];
    texts.forEach((text, i) => {
      if (i > 0) out.push(word);
      if (nested > 0 && i === nested) out.push('(');
      out.push(...text);
    });
    if (nested > 0) out.push(')');
    return out;
  }
}

function literal({ kind, value }: Literal): string {
  return kind === 'int' ? String(value) : kind === 'text' ? `'${value}'` : `${value}.5`;
}

function separated(texts: readonly string[]): string[] {
  return texts.flatMap((text, i) => (i === 0 ? [text] : [',', text]));
}
