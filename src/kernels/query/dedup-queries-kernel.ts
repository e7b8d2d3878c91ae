import { StateError } from '../../core/errors.ts';
import type { FieldSlot } from '../../core/field.ts';
import type { Inspection } from '../../core/inspection.ts';
import type { Kernel, KernelStats, OperatorDeps, Out } from '../../core/operator.ts';
import { originId } from '../../core/origin-id.ts';
import type { DataRecord } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { DedupState } from '../dedup/dedup-state.ts';
import type { DedupWindow } from '../dedup/stamps.ts';
import { GroupBook } from '../groups/group-book.ts';
import { digest128, type Words, wordsOf } from './digest.ts';
import type { QueryContext, QueryKeys } from './query-keys.ts';
import { TableVersions } from './table-versions.ts';

/** Indexes of the ports of `dedup-queries`. */
export const QUERY_PORT = { out: 0, duplicates: 1, bypass: 2, rejected: 3 } as const;

export interface QuerySlots {
  readonly query: FieldSlot;
  readonly context: { readonly [K in keyof QueryContext]?: FieldSlot };
}

export interface DedupQueriesOptions {
  readonly slots: QuerySlots;
  readonly keys: QueryKeys;
  readonly window: DedupWindow;
  readonly maxKeys: number;
  /** Records of this input say that a table changed. */
  readonly versions?: { readonly input: string; readonly table: FieldSlot };
}

/** Groups that are shown to who looks on. */
const INSPECTED = 20;

/** State parts of the two tables and of the versions. */
const KEYS = 'keys/';
const TEXTS = 'texts/';
const VERSIONS = 'versions';

/**
 * Sends the first query of each meaning to `out` and its repetitions to `duplicates`, with where the first one came from
 * and what recognized it: `text` when the very text was met in the window, else the level. What may answer differently
 * each time leaves by `bypass` with the reason. A record of the version input makes every earlier query of its table another one.
 *
 * Errors: none; a query that is no text is rejected. Cost: a memo hit (≈ 2 µs) or a parse. State: two tables of ≈ 30 bytes a
 * query in the window (see DedupState), and the table versions.
 */
export class DedupQueriesKernel implements Kernel {
  private readonly options: DedupQueriesOptions;
  private readonly known: DedupState;
  private readonly texts: DedupState;
  private readonly versions = new TableVersions();
  /** Undefined when nobody looks on, or the text of a query must not be shown. */
  private readonly groups: GroupBook | undefined;
  /** Since the kernel was made; for metrics alone. */
  private queries = 0;
  private avoided = 0;
  private readonly bypassed = new Map<string, number>();

  constructor(options: DedupQueriesOptions, deps: OperatorDeps) {
    this.options = options;
    const { window, maxKeys } = options;
    const half = Math.max(1, Math.floor(maxKeys / 2));
    this.known = new DedupState({ window, maxKeys: half, seed: deps.randomSeed() });
    this.texts = new DedupState({ window, maxKeys: half, seed: deps.randomSeed() });
    const keepsGroups = deps.watched === true && !deps.redacted(options.slots.query.text);
    this.groups = keepsGroups ? new GroupBook() : undefined;
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      this.take(records[i]!, time[i]!, out);
    }
    this.known.tidy(records.length);
    this.texts.tidy(records.length);
  }

  checkpoint(): CheckpointDelta {
    const keys = prefixed(KEYS, this.known.checkpoint());
    const texts = prefixed(TEXTS, this.texts.checkpoint());
    const versions = this.versions.changed ? [{ name: VERSIONS, bytes: this.versions.save() }] : [];
    return { put: [...keys.put, ...texts.put, ...versions], drop: [...keys.drop, ...texts.drop] };
  }

  restore(part: StatePart): void {
    if (part.name === VERSIONS) this.versions.restore(part.bytes);
    else if (part.name.startsWith(KEYS)) this.known.restore({ ...part, name: part.name.slice(KEYS.length) });
    else if (part.name.startsWith(TEXTS)) this.texts.restore({ ...part, name: part.name.slice(TEXTS.length) });
    else throw new StateError(`state part ${part.name} is not of dedup-queries`, { code: 'state-part' });
  }

  stats(): KernelStats {
    return {
      entries: this.known.stamps.live + this.texts.stamps.live,
      bytes: this.known.byteLength + this.texts.byteLength,
      gauges: [
        { name: 'query_avoided_ratio', value: this.queries === 0 ? 0 : this.avoided / this.queries },
        { name: 'query_texts_parsed', value: this.options.keys.misses },
        ...[...this.bypassed].map(([reason, value]) => ({ name: 'query_bypassed', labels: { reason }, value })),
      ],
    };
  }

  inspect(): Inspection {
    return this.groups === undefined ? {} : { groups: this.groups.top(INSPECTED) };
  }

  private take(record: DataRecord, timeMs: number, out: Out): void {
    const { slots, versions } = this.options;
    if (versions !== undefined && record.source.input === versions.input) {
      this.takeVersion(record, versions.table, out);
      this.tick(timeMs);
      return;
    }
    const sql = slots.query.get(record);
    if (typeof sql !== 'string') {
      this.tick(timeMs);
      reject(record, slots.query.text, out);
      return;
    }
    const key = this.options.keys.key(sql, this.contextOf(record));
    this.tick(timeMs);
    this.queries++;
    if (key.kind === 'bypass') {
      this.bypassed.set(key.reason, (this.bypassed.get(key.reason) ?? 0) + 1);
      const draft = record.edit();
      draft.patch(REASON, key.reason);
      out.emit(QUERY_PORT.bypass, draft);
      return;
    }
    const version = versions === undefined ? '' : this.versions.of(key.tables);
    const composite = version === '' ? key.keyWords : wordsOf(digest128(`${key.key} ${version}`));
    const text = version === '' ? key.exactWords : wordsOf(digest128(`${key.exact} ${version}`));
    const sameText = has(this.texts, text);
    if (!sameText) this.claim(this.texts, record, out);
    if (!has(this.known, composite)) {
      this.claim(this.known, record, out);
      this.groups?.begin(key.key, sql);
      out.emit(QUERY_PORT.out, record);
      return;
    }
    this.avoided++;
    const recognizedBy = sameText ? 'text' : this.options.keys.level;
    this.groups?.join(key.key, sql, recognizedBy);
    const draft = record.edit();
    const winner = this.known.winner();
    draft.patch(DUPLICATE_OF, winner === undefined ? null : originId(winner));
    draft.patch(RECOGNIZED_BY, recognizedBy);
    out.emit(QUERY_PORT.duplicates, draft);
  }

  /** Every record counts for the window, whatever becomes of it; last, because reading one may throw. */
  private tick(timeMs: number): void {
    this.known.tick(timeMs);
    this.texts.tick(timeMs);
  }

  private contextOf(record: DataRecord): QueryContext {
    const { tenant, role, searchPath, settings, params, version } = this.options.slots.context;
    return {
      tenant: tenant?.get(record),
      role: role?.get(record),
      searchPath: searchPath?.get(record),
      settings: settings?.get(record),
      params: params?.get(record),
      version: version?.get(record),
    };
  }

  private takeVersion(record: DataRecord, slot: FieldSlot, out: Out): void {
    const table = slot.get(record);
    if (typeof table !== 'string') {
      reject(record, slot.text, out);
      return;
    }
    this.versions.bump(table);
    out.absorb('merged');
  }

  private claim(state: DedupState, record: DataRecord, out: Out): void {
    const gone = state.claim(record);
    if (gone > 0) out.event('state.evicted', { entries: gone, bound: `maxKeys ${state.stamps.maxKeys}` });
  }
}

function has(state: DedupState, [h0, h1, h2]: Words): boolean {
  return state.has(h0, h1, h2);
}

const DUPLICATE_OF = ['duplicateOf'];
const RECOGNIZED_BY = ['recognizedBy'];
const REASON = ['reason'];

function reject(record: DataRecord, field: string, out: Out): void {
  const draft = record.edit();
  out.finding(draft, { rule: 'not-a-text', severity: 'error', field, expected: 'text', dimension: 'validity' });
  out.emit(QUERY_PORT.rejected, draft);
}

function prefixed(prefix: string, delta: CheckpointDelta): CheckpointDelta {
  return {
    put: delta.put.map(({ name, bytes }) => ({ name: prefix + name, bytes })),
    drop: delta.drop.map((name) => prefix + name),
  };
}
