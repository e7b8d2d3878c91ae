import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { taskName } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import type { CommitReport, RunObserver, TaskState } from '../core/observer.ts';
import { FATES } from '../core/record.ts';
import type { TransportObserver } from '../core/transport.ts';
import { METRICS, type MetricName } from './catalogue.ts';
import { Ring } from './rings.ts';
import { RuleBook, type RuleSpec } from './rule-book.ts';
import { transportMetrics } from './transport-metrics.ts';

/** Series a metric may have; further ones are added up under the label value `__overflow__`. */
export const MAX_SERIES_PER_METRIC = 2000;
const OVERFLOW = '__overflow__';
/** Five minutes, as in the console. */
const SCORE_BUCKETS = 30;
const SCORE_BUCKET_MS = 10_000;
const LOOP_RESOLUTION_MS = 20;

type Labels = Record<string, string>;

/**
 * Metrics of the catalogue, fed per commit and per batch. Names and labels come from the catalogue alone, the number of
 * series of each is bounded.
 */
export class PrometheusExporter implements RunObserver {
  private readonly registry = new Registry();
  private readonly clock: Clock;
  private readonly counters = new Map<string, Counter>();
  private readonly gauges = new Map<string, Gauge>();
  private readonly histograms = new Map<string, Histogram>();
  private readonly series = new Map<string, Set<string>>();
  private readonly states = new Map<string, { readonly topology: string; state: TaskState }>();
  private readonly loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  private readonly scores = new Map<string, { readonly rules: RuleBook; readonly input: Ring }>();
  private readonly checkpoints = new Map<string, { readonly labels: Labels; at: number }>();

  constructor(options: {
    readonly clock: Clock;
    readonly version: string;
    readonly node: string;
    /** Absent where nothing bounds it. */
    readonly memoryLimitBytes?: number;
  }) {
    this.clock = options.clock;
    for (const spec of METRICS) this.register(spec);
    this.set('sluice_build_info', { version: options.version, node: options.node }, 1);
    if (options.memoryLimitBytes !== undefined) this.set('sluice_memory_limit_bytes', {}, options.memoryLimitBytes);
    for (const { name } of METRICS)
      this.counters.get('sluice_metric_series_dropped_total' satisfies MetricName)?.inc({ metric: name }, 0);
    this.loop.enable();
  }

  /** For the broker: what only it knows. */
  readonly transport: TransportObserver = transportMetrics({
    add: (name, labels, n) => this.add(name, labels, n),
    set: (name, labels, value) => this.set(name, labels, value),
    observe: (name, labels, value) => this.observe(name, labels, value),
  });

  /** Begins the series of a topology at 0, so that a rate over its first failure sees it, and scores it by its rules. */
  watch(
    topology: string,
    rules: readonly RuleSpec[],
    events: readonly (readonly [step: string, type: string])[],
  ): void {
    for (const name of [
      'sluice_task_restarts_total',
      'sluice_replayed_records_total',
      'sluice_input_records_total',
    ] as const)
      this.add(name, { topology }, 0);
    for (const result of ['ok', 'failed']) this.add('sluice_commits_total', { topology, result }, 0);
    for (const result of ['applied', 'unchanged', 'refused']) this.add('sluice_reloads_total', { topology, result }, 0);
    for (const fate of FATES) this.add('sluice_fates_total', { topology, fate }, 0);
    for (const { step, rule, severity } of rules)
      this.add('sluice_findings_total', { topology, step, rule, severity }, 0);
    for (const [step, type] of events) this.add('sluice_events_total', { topology, step, type }, 0);
    this.scores.set(topology, { rules: new RuleBook(rules), input: new Ring(SCORE_BUCKETS, SCORE_BUCKET_MS) });
  }

  /** Gauges of a topology that goes on with another version: of a step that is gone there would be no newer value. */
  async forget(topology: string): Promise<void> {
    for (const gauge of this.gauges.values())
      for (const { labels } of (await gauge.get()).values) if (labels.topology === topology) gauge.remove(labels);
  }

  async page(): Promise<{ readonly contentType: string; readonly body: string }> {
    const now = this.clock.elapsed();
    for (const { labels, at } of this.checkpoints.values())
      this.set('sluice_checkpoint_age_seconds', labels, (now - at) / 1000);
    this.set('sluice_memory_bytes', {}, process.memoryUsage.rss());
    this.set(
      'sluice_event_loop_delay_seconds',
      {},
      Math.max(0, this.loop.percentile(99) / 1e9 - LOOP_RESOLUTION_MS / 1000),
    );
    this.loop.reset();
    for (const [topology, { rules, input }] of this.scores) {
      const at = this.clock.now();
      const { overall, dimensions } = rules.score({ input: input.sum(at, SCORE_BUCKETS), now: at });
      if (overall === null) continue;
      for (const [dimension, share] of Object.entries({ ...dimensions, overall }))
        this.set('sluice_quality_score', { topology, dimension }, share);
    }
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  readonly taskState = (task: CommitReport['task'], state: TaskState): void => {
    this.states.set(taskName(task), { topology: task.topology, state });
    if (state === 'closed') this.forgetCheckpoint(taskName(task));
    const counts = new Map<TaskState, number>();
    for (const known of ['opening', 'replaying', 'running', 'waiting', 'ended', 'closed'] as const)
      counts.set(known, 0);
    for (const entry of this.states.values())
      if (entry.topology === task.topology) counts.set(entry.state, (counts.get(entry.state) ?? 0) + 1);
    for (const [known, n] of counts) this.set('sluice_tasks', { topology: task.topology, state: known }, n);
  };

  readonly outage = (topology: string, service: string, seconds: number): void => {
    this.add('sluice_outage_seconds_total', { topology, service }, seconds);
  };

  readonly taskFailed = (task: CommitReport['task'], _error: unknown, restartInMs: number | undefined): void => {
    if (restartInMs !== undefined) this.add('sluice_task_restarts_total', { topology: task.topology }, 1);
  };

  readonly batch = (topology: string, seconds: number): void =>
    this.observe('sluice_batch_duration_seconds', { topology }, seconds);

  readonly commitFailed = (topology: string): void =>
    this.add('sluice_commits_total', { topology, result: 'failed' }, 1);

  readonly replayed = (topology: string, records: number): void =>
    this.add('sluice_replayed_records_total', { topology }, records);

  readonly commit = (report: CommitReport): void => {
    const { topology, counts } = report;
    const partition = String(report.task.partition);
    const score = this.scores.get(topology);
    score?.rules.commit(report, this.clock.now());
    if (report.task.stage === 'source') score?.input.add(this.clock.now(), counts.in);
    this.add('sluice_commits_total', { topology, result: 'ok' }, 1);
    if (report.task.stage === 'source') this.add('sluice_input_records_total', { topology }, counts.in);
    for (const [fate, n] of counts.fates) if (n > 0) this.add('sluice_fates_total', { topology, fate }, n);
    for (const [key, n] of counts.ports) this.add('sluice_records_total', split(topology, key, 'step', 'port'), n);
    for (const [key, n] of counts.findings)
      this.add('sluice_findings_total', split(topology, key, 'step', 'rule', 'severity'), n);
    for (const [key, n] of counts.changes) this.add('sluice_changes_total', split(topology, key, 'step', 'method'), n);
    for (const [key, n] of counts.events) this.add('sluice_events_total', split(topology, key, 'step', 'type'), n);
    for (const [topic, n] of counts.written) this.add('sluice_written_total', { topology, topic }, n);
    this.observe('sluice_commit_duration_seconds', { topology }, report.seconds);
    this.set('sluice_last_commit_timestamp_seconds', { topology }, this.clock.now() / 1000);
    if (Number.isFinite(report.streamTime)) {
      this.set('sluice_event_lag_seconds', { topology, partition }, (this.clock.now() - report.streamTime) / 1000);
    }
    if (report.end >= 0) {
      this.set(
        'sluice_consumer_lag_records',
        { topology, topic: report.task.topic, partition },
        Math.max(0, report.end - report.position),
      );
    }
    if (report.checkpointBytes !== undefined) {
      this.set('sluice_checkpoint_bytes', { topology }, report.checkpointBytes);
      this.checkpoints.set(taskName(report.task), { labels: { topology, partition }, at: this.clock.elapsed() });
    }
    for (const { step, stats } of report.stats) {
      this.set('sluice_state_bytes', { topology, step }, stats.bytes);
      this.set('sluice_state_entries', { topology, step }, stats.entries);
      for (const gauge of stats.gauges ?? [])
        this.set(`sluice_${gauge.name}`, { topology, step, ...gauge.labels }, gauge.value);
    }
  };

  /** Whoever has the task now tells the age; another task with the same labels sets it again with the next page. */
  private forgetCheckpoint(task: string): void {
    const known = this.checkpoints.get(task);
    if (known === undefined) return;
    this.checkpoints.delete(task);
    this.gauges.get('sluice_checkpoint_age_seconds')?.remove(known.labels);
  }

  reloaded(topology: string, result: 'applied' | 'unchanged' | 'refused'): void {
    this.add('sluice_reloads_total', { topology, result }, 1);
  }

  logSuppressed(code: string, lines: number): void {
    this.add('sluice_log_lines_suppressed_total', { code }, lines);
  }

  private register(spec: (typeof METRICS)[number]): void {
    const options = { name: spec.name, help: spec.help, labelNames: [...spec.labels], registers: [this.registry] };
    if (spec.type === 'counter') this.counters.set(spec.name, new Counter(options));
    else if (spec.type === 'gauge') this.gauges.set(spec.name, new Gauge(options));
    else this.histograms.set(spec.name, new Histogram({ ...options, buckets: [...spec.buckets] }));
  }

  private add(name: MetricName, labels: Labels, n: number): void {
    this.counters.get(name)?.inc(this.bounded(name, labels), n);
  }

  /** A gauge that is not in the catalogue is left out: the catalogue test of its operator says so. */
  private set(name: string, labels: Labels, value: number): void {
    this.gauges.get(name)?.set(this.bounded(name, labels), value);
  }

  private observe(name: MetricName, labels: Labels, seconds: number): void {
    this.histograms.get(name)?.observe(this.bounded(name, labels), seconds);
  }

  private bounded(name: string, labels: Labels): Labels {
    const known = this.series.get(name) ?? new Set<string>();
    this.series.set(name, known);
    const key = Object.values(labels).join('\0');
    if (known.has(key)) return labels;
    if (known.size < MAX_SERIES_PER_METRIC) {
      known.add(key);
      return labels;
    }
    this.counters.get('sluice_metric_series_dropped_total')?.inc({ metric: name });
    return Object.fromEntries(
      Object.entries(labels).map(([label, value]) => [label, label === 'topology' ? value : OVERFLOW]),
    );
  }
}

function split(topology: string, key: string, ...names: readonly string[]): Labels {
  const parts = key.split('\0');
  const labels: Labels = { topology };
  for (let i = 0; i < names.length; i++) labels[names[i] ?? ''] = parts[i] ?? '';
  return labels;
}
