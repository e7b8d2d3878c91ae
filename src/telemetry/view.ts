import type { DistributionSample, GroupSample } from '../core/inspection.ts';
import type { EventSample, RecordSample } from '../core/observer.ts';
import type { Score } from '../core/quality-score.ts';

/**
 * What a person sees of a topology, as plain data: the console gets it live, a report holds one. Lists of what has a name are
 * maps by that name, so that only what changed need travel.
 */
export interface View {
  readonly topology: string;
  readonly description: string | null;
  /** Wall clock of the view, milliseconds since the epoch; NaN-free, so that it is JSON. */
  readonly at: number;
  /** Seconds the process has worked. */
  readonly seconds: number;
  readonly graph: Graph;
  /** Committed since the process began: records by edge of the graph (`from>to`). */
  readonly flows: Readonly<Record<string, Flow>>;
  readonly totals: Totals;
  readonly series: Series;
  /** Of the last window (docs/quality-score.md). */
  readonly score: Score;
  readonly problems: Readonly<Record<string, Problem>>;
  readonly rules: Readonly<Record<string, RuleView>>;
  readonly charts: Readonly<Record<string, ChartView>>;
  readonly distributions: Readonly<Record<string, DistributionView>>;
  readonly alarms: Readonly<Record<string, AlarmView>>;
  readonly history: Readonly<Record<string, DriftHistory>>;
  readonly voters: Readonly<Record<string, TrustView>>;
  readonly duplicates: Readonly<Record<string, DuplicateView>>;
  readonly groups: Readonly<Record<string, GroupView>>;
  readonly profiles: Readonly<Record<string, ProfileView>>;
  readonly tasks: Readonly<Record<string, TaskView>>;
  readonly events: readonly EventSample[];
}

export interface Graph {
  readonly nodes: readonly { readonly id: string; readonly kind: 'topic' | 'step'; readonly use: string | null }[];
  /** `port` is null for what a topic gives to its readers. */
  readonly edges: readonly { readonly from: string; readonly to: string; readonly port: string | null }[];
}

export interface Flow {
  readonly records: number;
  readonly perSecond: number;
}

export interface Totals {
  readonly in: number;
  readonly fates: Readonly<Record<string, number>>;
  readonly written: Readonly<Record<string, number>>;
}

/** Parallel lists, a second each, oldest first; `at` is seconds since the epoch. */
export interface Series {
  readonly at: readonly number[];
  readonly in: readonly number[];
  readonly quarantined: readonly number[];
  readonly duplicate: readonly number[];
}

export interface Problem {
  readonly severity: 'critical' | 'warning';
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Page of the console that shows it. */
  readonly page: string;
}

export interface RuleView {
  readonly step: string;
  readonly rule: string;
  readonly severity: string;
  readonly field: string | null;
  readonly dimension: string;
  readonly failed: number;
  /** Failures by bucket of 10 seconds, oldest first. */
  readonly spark: readonly number[];
  /** Of the records that came in. */
  readonly ratio: number;
}

/** A chart of a drift detector: how near to its alarm. */
export interface ChartView {
  readonly step: string;
  readonly task: string;
  readonly field: string;
  readonly chart: string;
  /** Statistic as a share of its threshold. */
  readonly pressure: number;
  readonly spark: readonly number[];
}

/** A field's reference beside its newest values, of one task. */
export interface DistributionView extends DistributionSample {
  readonly step: string;
  readonly task: string;
}

/** What became of a watched field, oldest first. */
export interface DriftHistory {
  readonly step: string;
  readonly field: string;
  readonly segment: string | null;
  readonly turns: readonly { readonly type: string; readonly time: string | null; readonly said: string }[];
}

export interface AlarmView {
  readonly type: string;
  readonly step: string;
  readonly time: string | null;
  readonly data: Readonly<Record<string, unknown>>;
  /** `open` until the field has recovered. */
  readonly state: 'open' | 'over';
}

/** A voter or a source. */
export interface TrustView {
  readonly step: string;
  readonly kind: 'voter' | 'source';
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface DuplicateView {
  readonly step: string;
  readonly use: string;
  readonly seen: number;
  readonly duplicates: number;
  readonly entries: number;
  readonly bytes: number;
}

/** Records or queries that say the same. */
export interface GroupView extends GroupSample {
  readonly step: string;
}

export interface ProfileView {
  readonly step: string;
  readonly time: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface TaskView {
  readonly task: string;
  readonly state: string;
  readonly position: number;
  /** Records to the end of the log; null when unknown. */
  readonly lag: number | null;
  readonly streamTime: number | null;
  readonly checkpointAgeSeconds: number | null;
  readonly commitSeconds: number | null;
  readonly restarts: number;
  readonly lastError: string | null;
}

/** A record that shows what a rule speaks of, newest first in a list. */
export interface SampleView extends Omit<RecordSample, 'time'> {
  readonly id: number;
  readonly time: number | null;
}
