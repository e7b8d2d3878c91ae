import type { FieldSlot } from '../../core/field.ts';
import type { Severity } from '../../core/finding.ts';
import {
  type Accumulator,
  DistinctAccumulator,
  MomentsAccumulator,
  NewestAccumulator,
  QuantileAccumulator,
  RatioAccumulator,
  SumAccumulator,
} from './accumulators.ts';
import { type Bounds, History, type HistoryOptions } from './history.ts';
import { type Order, OrderMemory, type SavedOrder } from './order.ts';

export const MEASURES = [
  'row-count',
  'rate',
  'freshness',
  'null-ratio',
  'mean',
  'quantile',
  'stdev',
  'sum',
  'distinct',
  'uniqueness',
  'in-set',
  'monotonic',
  'sequence-gaps',
] as const;
export type Measure = (typeof MEASURES)[number];

export interface ExpectationSpec {
  readonly name: string;
  readonly measure: Measure;
  readonly field: FieldSlot | undefined;
  readonly key: readonly FieldSlot[];
  readonly q: number;
  readonly values: ReadonlySet<unknown>;
  readonly order: Order;
  /** freshness in seconds, rate a second, shares 0 to 1, else in the unit of the field. */
  readonly bounds: Bounds;
  /** Windows with fewer values are not judged. */
  readonly minRecords: number;
  readonly severity: Severity;
  readonly history: HistoryOptions | undefined;
}

/** Times in milliseconds of stream time; of windows of records the stream times at its ends, NaN without a clock. */
export interface ClosedWindow {
  readonly records: number;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Verdict {
  readonly value: number;
  readonly bounds: Bounds;
  readonly holds: boolean;
}

export interface SavedExpectation {
  readonly failing: boolean;
  readonly history: readonly number[];
  readonly order: SavedOrder;
  readonly newest: number | null;
  readonly last: number | null;
}

/** Rounding of sums and shares must not decide at the very bound. */
const EPSILON = 1e-12;

/** One expectation: what it adds up in a window, what it remembers from one window to the next, and how it judges. */
export class Expectation {
  readonly spec: ExpectationSpec;
  failing = false;
  /** Value of the last window, NaN before the first. */
  last = Number.NaN;
  readonly order = new OrderMemory();
  private readonly history: History | undefined;
  private newest = Number.NEGATIVE_INFINITY;

  constructor(spec: ExpectationSpec) {
    this.spec = spec;
    this.history = spec.history === undefined ? undefined : new History(spec.history);
  }

  accumulator(): Accumulator | undefined {
    const { measure, q, values } = this.spec;
    switch (measure) {
      case 'row-count':
      case 'rate':
        return undefined;
      case 'freshness':
        return new NewestAccumulator();
      case 'null-ratio':
        return new RatioAccumulator((value) => value === null || value === undefined);
      case 'in-set':
        return new RatioAccumulator((value) => (value === null || value === undefined ? undefined : values.has(value)));
      case 'monotonic':
        return new RatioAccumulator((value) => value as boolean | undefined); // observe() gives the verdict
      case 'sequence-gaps':
        return new SumAccumulator();
      case 'mean':
        return new MomentsAccumulator((moments) => moments.mean);
      case 'stdev':
        return new MomentsAccumulator((moments) => moments.sd);
      case 'sum':
        return new SumAccumulator();
      case 'quantile':
        return new QuantileAccumulator(q);
      case 'distinct':
        return new DistinctAccumulator(false);
      case 'uniqueness':
        return new DistinctAccumulator(true);
    }
  }

  /** What the accumulator is to add for a value: itself, or what the values before say of it. */
  observe(value: unknown, key: string): unknown {
    switch (this.spec.measure) {
      case 'monotonic':
        return this.order.keeps(value, key, this.spec.order);
      case 'sequence-gaps':
        return this.order.gap(value, key);
      default:
        return value;
    }
  }

  /** Undefined: too little to judge by. Learns from the window when it has a history. */
  judge(window: ClosedWindow, accumulator: Accumulator | undefined): Verdict | undefined {
    const value = this.measure(window, accumulator);
    if (value === undefined || !Number.isFinite(value)) return undefined;
    if ((accumulator?.n ?? window.records) < this.spec.minRecords) return undefined;
    this.last = value;
    const { bounds } = this.spec;
    const learned = this.history?.bounds();
    this.history?.learn(value);
    const min = largest(bounds.min, learned?.min);
    const max = smallest(bounds.max, learned?.max);
    if (min === undefined && max === undefined) return undefined;
    const holds =
      (min === undefined || value >= min - EPSILON * Math.max(1, Math.abs(min))) &&
      (max === undefined || value <= max + EPSILON * Math.max(1, Math.abs(max)));
    return { value, holds, bounds: { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) } };
  }

  save(): SavedExpectation {
    return {
      failing: this.failing,
      history: this.history?.values.slice() ?? [],
      order: this.order.save(),
      newest: Number.isFinite(this.newest) ? this.newest : null,
      last: Number.isFinite(this.last) ? this.last : null,
    };
  }

  load(saved: SavedExpectation): void {
    this.failing = saved.failing;
    for (const value of saved.history) this.history?.learn(value);
    this.order.load(saved.order);
    this.newest = saved.newest ?? Number.NEGATIVE_INFINITY;
    this.last = saved.last ?? Number.NaN;
  }

  private measure(window: ClosedWindow, accumulator: Accumulator | undefined): number | undefined {
    switch (this.spec.measure) {
      case 'row-count':
        return window.records;
      case 'rate': {
        const seconds = (window.endMs - window.startMs) / 1000;
        return seconds > 0 ? window.records / seconds : undefined;
      }
      case 'freshness': {
        this.newest = Math.max(this.newest, accumulator?.result() ?? Number.NEGATIVE_INFINITY);
        return Math.max(0, (window.endMs - this.newest) / 1000);
      }
      case 'sequence-gaps':
        return accumulator === undefined || window.records === 0 ? undefined : Math.max(0, accumulator.result() ?? 0);
      case 'distinct':
      case 'sum':
        return window.records === 0 ? undefined : accumulator?.result();
      default:
        return accumulator?.result();
    }
  }
}

function largest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

function smallest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
