import { ConfigError } from './errors.ts';
import type { DataRecord } from './record.ts';

/**
 * A compiled field reference (DESIGN 3): a plain name, a dotted path (`address.city`), `items[].price` for each element
 * of a list, or a JSON Pointer with a leading `/`. An own key equal to the whole text wins over the path.
 * Kernels read and write through slots only, never by walking the value.
 */
export interface FieldSlot {
  readonly text: string;
  /** True for paths with `[]`: use expand(). get() then gives the list of values found. */
  readonly many: boolean;
  /** Own value, or undefined when missing. */
  get(record: DataRecord): unknown;
  /** Sets on a draft (DataRecord.edit()). */
  set(draft: DataRecord, value: unknown): void;
  /** Removes on a draft; no-op when missing. */
  remove(draft: DataRecord): void;
  /** For `many`: one concrete slot for each element present (`items[0].price`, …); else [this]. */
  expand(record: DataRecord): readonly FieldSlot[];
}

/** Longest path, in segments: what nobody writes by hand is refused. */
const MAX_SEGMENTS = 32;

type Segment = string | typeof EACH;
const EACH: unique symbol = Symbol('[]');

/** Compiles a field reference. Throws ConfigError for an empty or malformed one. */
export function compileField(text: string): FieldSlot {
  if (text === '')
    throw new ConfigError('a field name is empty: name a field, as in `address.city`', { code: 'field-empty' });
  const segments = text.startsWith('/') ? pointer(text) : dotted(text);
  if (segments.length > MAX_SEGMENTS) {
    throw new ConfigError(`field ${JSON.stringify(text.slice(0, 60))}… has more than ${MAX_SEGMENTS} parts`, {
      code: 'field-depth',
    });
  }
  const names = segments.filter((segment) => segment !== EACH);
  if (names.length !== segments.length) return new ManySlot(text, segments);
  return names.length === 1 ? new PlainSlot(text, names[0] ?? '') : new PathSlot(text, names);
}

/** RFC 6901. */
function pointer(text: string): Segment[] {
  return text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function dotted(text: string): Segment[] {
  const segments: Segment[] = [];
  for (const part of text.split('.')) {
    const name = part.replace(/(\[\])+$/, '');
    if (name === '' || /[[\]]/.test(name)) {
      throw new ConfigError(
        `${JSON.stringify(text)} is no field reference: expected a name, \`a.b\`, \`items[].price\` or a JSON Pointer \`/a~1b\``,
        { code: 'field-syntax' },
      );
    }
    segments.push(name);
    for (let rest = part.length - name.length; rest > 0; rest -= 2) segments.push(EACH);
  }
  return segments;
}

/** Own value of an object or list element; undefined for anything else. */
function own(node: unknown, key: string): unknown {
  return node !== null && typeof node === 'object' && Object.hasOwn(node, key)
    ? (node as Record<string, unknown>)[key] // just checked to be an own key
    : undefined;
}

/** One name. Where no prototype carries it, plain access is as good as an own-property check and faster. */
class PlainSlot implements FieldSlot {
  readonly many = false;
  readonly text: string;
  private readonly name: string;
  private readonly path: readonly [string];
  private readonly inherited: boolean;

  constructor(text: string, name: string) {
    this.text = text;
    this.name = name;
    this.path = [name];
    this.inherited = name in Object.prototype || name in Array.prototype;
  }

  get(record: DataRecord): unknown {
    const data = record.data;
    if (data === null || typeof data !== 'object') return undefined;
    if (this.inherited) return own(data, this.name);
    return (data as Record<string, unknown>)[this.name]; // an object; no prototype has this name
  }

  set(draft: DataRecord, value: unknown): void {
    draft.patch(this.path, value);
  }

  remove(draft: DataRecord): void {
    if (this.get(draft) !== undefined) draft.patch(this.path, undefined);
  }

  expand(): readonly FieldSlot[] {
    return [this];
  }
}

/** A path of names and list indexes. An own key equal to the whole text wins. */
class PathSlot implements FieldSlot {
  readonly many = false;
  readonly text: string;
  private readonly path: readonly (string | number)[];
  private readonly whole: readonly [string];

  constructor(text: string, path: readonly (string | number)[]) {
    this.text = text;
    this.path = path;
    this.whole = [text];
  }

  get(record: DataRecord): unknown {
    const whole = own(record.data, this.text);
    if (whole !== undefined) return whole;
    let node: unknown = record.data;
    for (const key of this.path) {
      node = own(node, String(key));
      if (node === undefined) return undefined;
    }
    return node;
  }

  set(draft: DataRecord, value: unknown): void {
    draft.patch(own(draft.data, this.text) === undefined ? concrete(this.path, draft.data) : this.whole, value);
  }

  remove(draft: DataRecord): void {
    if (this.get(draft) !== undefined) this.set(draft, undefined);
  }

  expand(): readonly FieldSlot[] {
    return [this];
  }
}

/** Digits are an index where a list stands, a name elsewhere. */
function concrete(path: readonly (string | number)[], data: unknown): readonly (string | number)[] {
  let node = data;
  return path.map((key) => {
    const step = Array.isArray(node) && /^(0|[1-9]\d*)$/.test(String(key)) ? Number(key) : key;
    node = own(node, String(key));
    return step;
  });
}

/** `items[].price`: one concrete slot for each element present. */
class ManySlot implements FieldSlot {
  readonly many = true;
  readonly text: string;
  private readonly segments: readonly Segment[];

  constructor(text: string, segments: readonly Segment[]) {
    this.text = text;
    this.segments = segments;
  }

  get(record: DataRecord): unknown {
    const found: unknown[] = [];
    for (const slot of this.expand(record)) {
      const value = slot.get(record);
      if (value !== undefined) found.push(value);
    }
    return found;
  }

  set(draft: DataRecord, value: unknown): void {
    for (const slot of this.expand(draft)) slot.set(draft, value);
  }

  remove(draft: DataRecord): void {
    // from the end, so that removing a list element does not move the ones still to come
    for (const slot of [...this.expand(draft)].reverse()) slot.remove(draft);
  }

  expand(record: DataRecord): readonly FieldSlot[] {
    if (own(record.data, this.text) !== undefined) return [new PlainSlot(this.text, this.text)];
    const slots: FieldSlot[] = [];
    this.collect(record.data, 0, [], '', slots);
    return slots;
  }

  private collect(
    node: unknown,
    at: number,
    path: readonly (string | number)[],
    text: string,
    slots: FieldSlot[],
  ): void {
    const segment = this.segments[at];
    if (segment === undefined) slots.push(new PathSlot(text, path));
    else if (segment === EACH) {
      if (!Array.isArray(node)) return;
      for (let i = 0; i < node.length; i++) this.collect(node[i], at + 1, [...path, i], `${text}[${i}]`, slots);
    } else {
      const child = own(node, segment);
      if (child !== undefined || !this.segments.includes(EACH, at)) {
        this.collect(child, at + 1, [...path, segment], text === '' ? segment : `${text}.${segment}`, slots);
      }
    }
  }
}
