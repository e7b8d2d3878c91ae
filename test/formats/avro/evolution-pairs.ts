/** Versions of a schema, and whether readers of the one read what the other wrote: by Avro 1.12, Schema Resolution. */
export interface Pair {
  readonly name: string;
  readonly old: unknown;
  readonly next: unknown;
  readonly compatibility: 'none' | 'backward' | 'forward' | 'full';
  /** A value of the old schema, and what a reader of the new one makes of it; absent where it cannot. */
  readonly value?: unknown;
  readonly read?: unknown;
}

const record = (...fields: unknown[]) => ({ type: 'record', name: 'Order', namespace: 'shop', fields });
const id = { name: 'id', type: 'long' };
const kind = (symbols: readonly string[], more: object = {}) => ({
  name: 'kind',
  type: { type: 'enum', name: 'Kind', symbols, ...more },
});

export const PAIRS: readonly Pair[] = [
  {
    name: 'a field with a default is added',
    old: record(id),
    next: record(id, { name: 'note', type: ['null', 'string'], default: null }),
    compatibility: 'full',
    value: { id: 1 },
    read: { id: 1, note: null },
  },
  {
    name: 'a field without a default is added',
    old: record(id),
    next: record(id, { name: 'note', type: 'string' }),
    compatibility: 'forward',
    value: { id: 1 },
  },
  {
    name: 'a field without a default is removed',
    old: record(id, { name: 'note', type: 'string' }),
    next: record(id),
    compatibility: 'backward',
    value: { id: 1, note: 'x' },
    read: { id: 1 },
  },
  {
    name: 'a field with a default is removed',
    old: record(id, { name: 'note', type: 'string', default: '' }),
    next: record(id),
    compatibility: 'full',
    value: { id: 1, note: 'x' },
    read: { id: 1 },
  },
  {
    name: 'an int becomes a long',
    old: record({ name: 'n', type: 'int' }),
    next: record({ name: 'n', type: 'long' }),
    compatibility: 'backward',
    value: { n: -7 },
    read: { n: -7 },
  },
  {
    name: 'a long becomes an int',
    old: record({ name: 'n', type: 'long' }),
    next: record({ name: 'n', type: 'int' }),
    compatibility: 'forward',
    value: { n: 7 },
  },
  {
    name: 'a text becomes a number',
    old: record({ name: 'n', type: 'string' }),
    next: record({ name: 'n', type: 'long' }),
    compatibility: 'none',
    value: { n: '7' },
  },
  {
    name: 'a field may be null from now on',
    old: record({ name: 'n', type: 'string' }),
    next: record({ name: 'n', type: ['null', 'string'] }),
    compatibility: 'backward',
    value: { n: 'x' },
    read: { n: 'x' },
  },
  {
    name: 'a symbol is added to an enum without a default',
    old: record(kind(['A'])),
    next: record(kind(['A', 'B'])),
    compatibility: 'backward',
    value: { kind: 'A' },
    read: { kind: 'A' },
  },
  {
    name: 'a symbol is taken from an enum with a default',
    old: record(kind(['A', 'B', 'C'], { default: 'A' })),
    next: record(kind(['A', 'B'], { default: 'A' })),
    compatibility: 'full',
    value: { kind: 'C' },
    read: { kind: 'A' },
  },
  {
    name: 'a field is renamed with an alias',
    old: record({ name: 'mail', type: 'string' }),
    next: record({ name: 'email', type: 'string', aliases: ['mail'] }),
    compatibility: 'backward',
    value: { mail: 'a@x.org' },
    read: { email: 'a@x.org' },
  },
  {
    name: 'a text becomes bytes',
    old: record({ name: 'b', type: 'string' }),
    next: record({ name: 'b', type: 'bytes' }),
    compatibility: 'full',
    value: { b: 'a' },
    read: { b: Uint8Array.from([97]) },
  },
  {
    name: 'the items of a list become wider, in a list of records',
    old: record({
      name: 'lines',
      type: { type: 'array', items: { type: 'record', name: 'Line', fields: [{ name: 'n', type: 'int' }] } },
    }),
    next: record({
      name: 'lines',
      type: { type: 'array', items: { type: 'record', name: 'Line', fields: [{ name: 'n', type: 'double' }] } },
    }),
    compatibility: 'backward',
    value: { lines: [{ n: 1 }, { n: 2 }] },
    read: { lines: [{ n: 1 }, { n: 2 }] },
  },
];
