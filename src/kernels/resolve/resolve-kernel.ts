import type { FieldSlot } from '../../core/field.ts';
import type { KernelStats, OperatorDeps, Out } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import { canonicalJson } from '../canonical-json/canonical-json.ts';
import { ItemKernel } from '../vote/item-kernel.ts';
import type { ClaimEntry, Resolved } from './claim-entry.ts';
import type { ClaimTaken, ResolveSettings, ResolveSink, SourceReport } from './resolve-settings.ts';
import { ResolveState } from './resolve-state.ts';
import { ResolveStream } from './resolve-stream.ts';

export interface ClaimFields {
  readonly entity: FieldSlot;
  readonly attribute: FieldSlot;
  readonly source: FieldSlot;
  readonly value: FieldSlot;
}

export type Normalizers = ReadonlyMap<string, (value: unknown) => unknown>;
/** The normalizer of attributes that have none of their own. */
export const EVERY_ATTRIBUTE = '*';

export const RESOLVE_PORT = { out: 0, undecided: 1, late: 2, rejected: 3 } as const;

const BYTES_PER_ENTRY = 600;
const MAX_VALUE_CHARS = 4096;

/** A resolve stream on records: claims are merged, what is true leaves as derived records, keyed by the entity. */
export class ResolveKernel extends ItemKernel implements ResolveSink {
  protected readonly stream: ResolveStream;
  protected readonly state: ResolveState;
  protected readonly fieldRule = 'claim-field';
  protected readonly rejectedPort = RESOLVE_PORT.rejected;
  private readonly fields: ClaimFields;
  private readonly normalize: Normalizers;

  constructor(
    settings: ResolveSettings,
    input: { readonly fields: ClaimFields; readonly normalize: Normalizers },
    deps: OperatorDeps,
  ) {
    super(deps);
    this.fields = input.fields;
    this.normalize = input.normalize;
    this.stream = new ResolveStream(settings, this);
    this.state = new ResolveState(this.stream);
  }

  stats(): KernelStats {
    const { entries, open, sources, model, past } = this.stream;
    return {
      entries: entries.size + sources.size,
      bytes: entries.size * BYTES_PER_ENTRY + model.bytes() + past.size * 80,
      gauges: [{ name: 'open_items', value: open.size }],
    };
  }

  protected take(record: DataRecord, time: number, out: Out): void {
    const entity = this.scalar(record, this.fields.entity, out);
    if (entity === undefined) return;
    const attribute = this.scalar(record, this.fields.attribute, out);
    if (attribute === undefined) return;
    const source = this.scalar(record, this.fields.source, out);
    if (source === undefined) return;
    const normalize = this.normalize.get(String(attribute)) ?? this.normalize.get(EVERY_ATTRIBUTE);
    const raw = this.fields.value.get(record);
    const clean = normalize === undefined ? raw : normalize(raw);
    const value = this.stream.settings.method === 'median' ? numberOf(clean) : clean;
    const text = value === null || value === undefined ? undefined : textOf(value);
    if (text !== undefined && text.length > MAX_VALUE_CHARS) {
      this.reject(record, out, {
        rule: 'claim-value',
        slot: this.fields.value,
        expected: `a value of up to ${MAX_VALUE_CHARS} characters`,
      });
      return;
    }
    this.settle(record, this.stream.claim({ entity, attribute }, { source, text, value }, time), out);
  }

  private settle(record: DataRecord, taken: ClaimTaken, out: Out): void {
    const { maxSources, maxValues, bufferEntries } = this.stream.settings;
    switch (taken) {
      case 'counted':
      case 'repeated':
        out.absorb('merged');
        return;
      case 'late': {
        const draft = record.edit();
        out.finding(draft, {
          rule: 'late-claim',
          severity: 'warn',
          field: this.fields.entity.text,
          expected: `an entry among the last ${bufferEntries} closed`,
          dimension: 'timeliness',
        });
        out.emit(RESOLVE_PORT.late, draft);
        return;
      }
      case 'source-bound':
        this.reject(record, out, {
          rule: 'claim-source-bound',
          slot: this.fields.source,
          expected: `one of at most ${maxSources} sources`,
        });
        return;
      case 'value-bound':
        this.reject(record, out, {
          rule: 'claim-value-bound',
          slot: this.fields.value,
          expected: `one of at most ${maxValues} values an entry`,
        });
        return;
      default:
        taken satisfies never;
    }
  }

  resolved(entry: ClaimEntry, result: Resolved): void {
    const data = {
      entity: entry.entity,
      attribute: entry.attribute,
      value: result.value ?? null,
      confidence: round6(result.confidence),
      for: result.for,
      against: result.against,
      runnerUp: result.runnerUp ?? null,
      margin: round6(result.margin),
      copies: result.copies,
      ...(result.spread === undefined ? {} : { spread: result.spread }),
    };
    this.derive(result.decided ? RESOLVE_PORT.out : RESOLVE_PORT.undecided, entry.entity, data);
  }

  revised(change: Parameters<ResolveSink['revised']>[0]): void {
    const { entry, from, cause } = change;
    const names = this.deps.redacted(this.fields.entity.text)
      ? { attribute: entry.attribute }
      : { entity: entry.entity, attribute: entry.attribute };
    const values = this.deps.redacted(this.fields.value.text) ? {} : { from, to: entry.result!.value ?? null };
    this.out!.event('resolve.revised', { ...names, ...values, revision: entry.revision, cause });
  }

  report(report: SourceReport): void {
    if (this.deps.redacted(this.fields.source.text)) return;
    this.out!.event('source.report', { ...report });
  }

  evicted(what: { readonly entries: number; readonly bound: 'items' | 'attributes' }): void {
    this.out!.event('state.evicted', what);
  }
}

/** Numbers, and texts that are numbers; anything else claims nothing about a number. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Equal values have equal texts; 1 and "1" differ. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? `"${value}` : canonicalJson(value);
}

function round6(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
