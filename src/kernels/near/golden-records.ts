import { isDeepStrictEqual } from 'node:util';
import type { FieldSlot } from '../../core/field.ts';
import { NO_EVIDENCE, NO_FINDINGS } from '../../core/finding.ts';
import type { Out, RecordStore } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import type { StatePart } from '../../core/state.ts';
import { ownText } from '../repair/cell.ts';
import { EntryStore } from '../repair/entry-store.ts';
import { isBetter, type Survivor, type Survivorship, survivorsOf } from './survivorship.ts';

/** Memory of a cluster beside its values: objects, places in maps. */
const CLUSTER_BYTES = 1000;
const FIELD_BYTES = 150;

/** What is known of a cluster: its first record, and the best value of each field. */
interface Golden {
  readonly cluster: string;
  readonly base: DataRecord;
  readonly fields: Map<string, Survivor>;
  records: number;
  /** How often it was given. */
  revision: number;
  /** Ids that were given, are part of this one now, and have not been named yet. */
  replaces: readonly string[];
  /** It changed since it was given. */
  changed: Change | undefined;
}

/** Stream time, milliseconds or NaN, and the number of the record. */
interface Change {
  readonly time: number;
  readonly arrival: number;
}

interface Stored extends Omit<Golden, 'base' | 'fields'> {
  readonly base: Uint8Array;
  readonly fields: readonly (readonly [string, Survivor])[];
}

export interface GoldenOptions {
  readonly rules: Survivorship;
  /** Stream time a changed cluster waits for more records, milliseconds. */
  readonly graceMs: number;
  readonly into: FieldSlot | undefined;
  readonly port: number;
}

/** A record as its cluster takes it. */
export interface Joining {
  readonly id: string;
  readonly cluster: string;
  readonly arrival: number;
  readonly time: number;
}

/**
 * One golden record a cluster, of the best value of each field.
 *
 * Idea: the best of a field is a maximum, so a cluster is as large as one record however many it has taken. The first
 * record is the base, whose bytes stay as they came where its value survives. A cluster that changed is given when its
 * grace is over, at the end, and before it is forgotten; given again, it has the next revision.
 * A cluster is held as long as the index holds one of its records; `alive` counts those, and is made from them again
 * on restore.
 */
export class GoldenRecords {
  private readonly options: GoldenOptions;
  private readonly records: RecordStore;
  private readonly store: EntryStore<Golden>;
  private readonly alive = new Map<string, number>();
  /** In the order of their first change. */
  private readonly waiting = new Map<string, Golden>();

  constructor(options: GoldenOptions, records: RecordStore) {
    this.options = options;
    this.records = records;
    this.store = new EntryStore<Golden>('golden', {
      save: ({ base, fields, ...rest }: Golden): Stored => ({
        ...rest,
        base: records.encode(base),
        fields: [...fields],
      }),
      load: ({ base, fields, ...rest }: Stored): Golden => ({
        ...rest,
        base: records.decode(base),
        fields: new Map(fields),
      }),
      size: sizeOf,
    });
  }

  get size(): number {
    return this.store.size;
  }

  get bytes(): number {
    return this.store.bytes;
  }

  /** The record becomes part of its cluster, which the index holds it in. */
  take(record: DataRecord, { id, cluster, arrival, time }: Joining): void {
    const values = survivorsOf(record, this.options.rules, { id, arrival });
    const golden = this.store.get(cluster) ?? {
      cluster,
      base: this.baseOf(record),
      fields: new Map<string, Survivor>(),
      records: 0,
      revision: 0,
      replaces: [],
      changed: undefined,
    };
    golden.records++;
    if (improve(golden.fields, values)) this.change(golden, { time, arrival });
    this.alive.set(cluster, (this.alive.get(cluster) ?? 0) + 1);
    this.store.put(cluster, golden);
  }

  /** Two clusters turned out to be one: `from` is no more. */
  unite({ cluster, from }: { readonly cluster: string; readonly from: string }, at: Change): void {
    const [golden, gone] = [this.store.get(cluster), this.store.get(from)];
    if (golden === undefined || gone === undefined) return;
    const given = gone.revision > 0 ? [...gone.replaces, from] : gone.replaces;
    golden.records += gone.records;
    golden.replaces = [...golden.replaces, ...given];
    if (improve(golden.fields, gone.fields) || given.length > 0) this.change(golden, at);
    this.alive.set(cluster, (this.alive.get(cluster) ?? 0) + (this.alive.get(from) ?? 0));
    this.alive.delete(from);
    this.waiting.delete(from);
    this.store.delete(from);
    this.store.put(cluster, golden);
  }

  /** The index forgot one of its records; with the last one the cluster is over. */
  left(cluster: string, out: Out): void {
    const alive = (this.alive.get(cluster) ?? 0) - 1;
    if (alive > 0) {
      this.alive.set(cluster, alive);
      return;
    }
    const golden = this.store.get(cluster);
    if (golden?.changed !== undefined) this.give(golden, out);
    this.alive.delete(cluster);
    this.store.delete(cluster);
  }

  /** Gives the clusters whose grace is over. */
  advance(timeMs: number, out: Out): void {
    if (Number.isNaN(timeMs)) return;
    for (const golden of this.waiting.values()) {
      if (golden.changed!.time + this.options.graceMs > timeMs) return;
      this.give(golden, out);
    }
  }

  /** Gives all that changed. */
  end(out: Out): void {
    for (const golden of this.waiting.values()) this.give(golden, out);
  }

  checkpoint(put: StatePart[], drop: string[]): void {
    this.store.checkpoint(put, drop);
  }

  owns(part: string): boolean {
    return this.store.owns(part);
  }

  restore(part: StatePart): void {
    this.store.restore(part);
  }

  /** All parts are back, and these records are in the index. */
  resume(entries: readonly { readonly cluster: string }[]): void {
    for (const { cluster } of entries) this.alive.set(cluster, (this.alive.get(cluster) ?? 0) + 1);
    const all = this.store.values();
    for (const { cluster } of all) if (!this.alive.has(cluster)) this.store.delete(cluster);
    const changed = all.filter((golden) => golden.changed !== undefined && this.alive.has(golden.cluster));
    changed.sort((a, b) => a.changed!.arrival - b.changed!.arrival);
    for (const golden of changed) this.waiting.set(golden.cluster, golden);
  }

  private change(golden: Golden, at: Change): void {
    if (golden.changed !== undefined) return;
    golden.changed = at;
    this.waiting.set(golden.cluster, golden);
  }

  private give(golden: Golden, out: Out): void {
    const { base, cluster, fields, records, replaces } = golden;
    this.waiting.delete(cluster);
    golden.changed = undefined;
    golden.revision++;
    golden.replaces = [];
    this.store.put(cluster, golden);
    const draft = base.edit();
    const data = base.data as Readonly<Record<string, unknown>>; // only objects have compared fields
    const from: (readonly [field: string, id: string])[] = [];
    for (const [name, survivor] of fields) {
      const own = Object.hasOwn(data, name) ? data[name] : undefined;
      if (isDeepStrictEqual(own, survivor.value)) continue;
      draft.patch([name], survivor.value);
      from.push([name, survivor.from]);
    }
    this.options.into?.set(draft, cluster);
    if (records > 1)
      out.finding(draft, {
        rule: 'merged',
        severity: 'info',
        dimension: 'uniqueness',
        observed: {
          cluster,
          records,
          revision: golden.revision,
          from: Object.fromEntries(from),
          ...(replaces.length === 0 ? {} : { replaces }),
        },
      });
    out.emit(this.options.port, draft.leaving({ key: keyOf(cluster) }));
  }

  /** It stands for no input record, and what was found in one of many is not said of all. */
  private baseOf(record: DataRecord): DataRecord {
    const base = record.edit();
    base.root = undefined;
    base.findings = NO_FINDINGS;
    base.evidence = NO_EVIDENCE;
    base.editable = false;
    return this.records.own(base);
  }
}

/** Key of the record that stands for a cluster. */
export function keyOf(cluster: string): Uint8Array {
  return new TextEncoder().encode(cluster);
}

/** Takes the better values; true when that changed one. */
function improve(fields: Map<string, Survivor>, values: ReadonlyMap<string, Survivor>): boolean {
  let changed = false;
  for (const [name, value] of values) {
    const known = fields.get(name);
    if (known !== undefined && !isBetter(value.rank, known.rank)) continue;
    fields.set(name, typeof value.value === 'string' ? { ...value, value: ownText(value.value) } : value);
    if (known === undefined || !isDeepStrictEqual(known.value, value.value)) changed = true;
  }
  return changed;
}

function sizeOf({ base, fields }: Golden): number {
  let bytes = CLUSTER_BYTES + 3 * (base.payload?.length ?? 0);
  for (const [name, { size }] of fields) bytes += FIELD_BYTES + 2 * (name.length + size);
  return bytes;
}
