import { type TaskId, taskName } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { CommitReport, RunObserver, TaskState } from '../core/observer.ts';
import { EventBook } from './event-book.ts';
import { Inspections } from './inspections.ts';
import { problemsOf } from './problems.ts';
import { Ring } from './rings.ts';
import { RuleBook, type RuleSpec } from './rule-book.ts';
import { SampleStore } from './samples.ts';
import type { ChartView, DuplicateView, Flow, Graph, TaskView, View } from './view.ts';

export interface LiveViewOptions {
  readonly clock: Clock;
  readonly topology: string;
  readonly description: string | null;
  readonly graph: Graph;
  readonly rules: readonly RuleSpec[];
}

interface TaskRecord {
  readonly id: TaskId;
  state: TaskState;
  position: number;
  end: number;
  streamTime: number;
  checkpointAt: number;
  commitSeconds: number;
  restarts: number;
  lastError: string | null;
}

const SERIES_SECONDS = 300;
const RATE_SECONDS = 5;
/** Of those the view carries. */
const SHOWN_EVENTS = 100;
/** Charts whose pressure is kept; further ones are left out, and counted as such by their metric. */
const MAX_CHARTS = 2000;
const CHART_POINTS = 30;

/** Listens to a run and keeps what a person wants to see of it, bounded in every direction. */
export class LiveView implements RunObserver {
  readonly wantsSamples = true;
  readonly samples = new SampleStore();
  private readonly options: LiveViewOptions;
  private readonly started: number;
  private readonly rules: RuleBook;
  private readonly tasks = new Map<string, TaskRecord>();
  private readonly fates = new Map<string, number>();
  private readonly written = new Map<string, number>();
  private readonly ports = new Map<string, { records: number; readonly ring: Ring }>();
  /** What each task remembers, by step. */
  private readonly stats = new Map<string, Map<string, { readonly entries: number; readonly bytes: number }>>();
  private readonly charts = new Map<string, { chart: Omit<ChartView, 'spark'>; readonly spark: number[] }>();
  private readonly series = {
    in: new Ring(SERIES_SECONDS, 1000),
    quarantined: new Ring(SERIES_SECONDS, 1000),
    duplicate: new Ring(SERIES_SECONDS, 1000),
  };
  private readonly events = new EventBook();
  private readonly inspections = new Inspections();
  private input = 0;
  private failedCommits = 0;
  private problems: View['problems'] = {};

  constructor(options: LiveViewOptions) {
    this.options = options;
    this.started = options.clock.elapsed();
    this.rules = new RuleBook(options.rules);
  }

  readonly taskState = (id: TaskId, state: TaskState): void => {
    this.task(id).state = state;
  };

  readonly taskFailed = (id: TaskId, error: unknown): void => {
    const task = this.task(id);
    task.restarts++;
    task.lastError = messageOf(error);
  };

  readonly commitFailed = (): void => {
    this.failedCommits++;
  };

  readonly commit = (report: CommitReport): void => {
    const now = this.options.clock.now();
    const { counts, samples } = report;
    const task = this.task(report.task);
    Object.assign(task, {
      position: report.position,
      end: report.end,
      streamTime: report.streamTime,
      commitSeconds: report.seconds,
    });
    if (report.checkpointBytes !== undefined) task.checkpointAt = this.options.clock.elapsed();
    if (report.task.stage === 'source') {
      this.input += counts.in;
      this.series.in.add(now, counts.in);
    }
    for (const [fate, n] of counts.fates) this.fates.set(fate, (this.fates.get(fate) ?? 0) + n);
    for (const [topic, n] of counts.written) this.written.set(topic, (this.written.get(topic) ?? 0) + n);
    this.series.quarantined.add(now, counts.fates.get('quarantined') ?? 0);
    this.series.duplicate.add(now, counts.fates.get('duplicate') ?? 0);
    for (const [key, n] of counts.ports) this.port(key, now, n);
    this.rules.commit(report, now);
    for (const { step, stats } of report.stats) this.stat(step, taskName(report.task), stats);
    for (const record of samples?.records ?? []) {
      this.samples.add(record);
      this.rules.learn(record.findings);
    }
    this.events.add(samples?.events ?? []);
    for (const { step, inspection } of samples?.inspections ?? []) this.inspections.set(report.task, step, inspection);
  };

  private task(id: TaskId): TaskRecord {
    const name = taskName(id);
    const known = this.tasks.get(name);
    if (known !== undefined) return known;
    const task: TaskRecord = {
      id,
      state: 'opening',
      position: 0,
      end: -1,
      streamTime: Number.NaN,
      checkpointAt: Number.NaN,
      commitSeconds: Number.NaN,
      restarts: 0,
      lastError: null,
    };
    this.tasks.set(name, task);
    return task;
  }

  private port(key: string, now: number, n: number): void {
    const port = this.ports.get(key) ?? { records: 0, ring: new Ring(RATE_SECONDS + 1, 1000) };
    this.ports.set(key, port);
    port.records += n;
    port.ring.add(now, n);
  }

  private stat(step: string, task: string, stats: CommitReport['stats'][number]['stats']): void {
    const tasks = this.stats.get(step) ?? new Map();
    this.stats.set(step, tasks.set(task, { entries: stats.entries, bytes: stats.bytes }));
    for (const { name, labels, value } of stats.gauges ?? []) {
      if (labels?.chart === undefined) continue;
      const field = [labels.field, labels.segment].filter((part) => part !== undefined && part !== '').join(' · ');
      const key = [step, task, name, field, labels.chart].join('\0');
      if (!this.charts.has(key) && this.charts.size >= MAX_CHARTS) continue;
      const entry = this.charts.get(key) ?? {
        chart: { step, task, field, chart: labels.chart, pressure: value },
        spark: [],
      };
      this.charts.set(key, entry);
      entry.chart = { ...entry.chart, pressure: value };
      entry.spark.push(value);
      if (entry.spark.length > CHART_POINTS) entry.spark.shift();
    }
  }

  view(): View {
    const { clock, topology, description, graph } = this.options;
    const now = clock.now();
    const rules = this.rules.views(this.input, now);
    const tasks = Object.fromEntries([...this.tasks].map(([name, task]) => [name, this.taskView(name, task)]));
    const base = {
      topology,
      description,
      at: now,
      seconds: Math.round((clock.elapsed() - this.started) / 1000),
      graph,
      flows: this.flows(now),
      totals: { in: this.input, fates: Object.fromEntries(this.fates), written: Object.fromEntries(this.written) },
      series: this.seriesOf(now),
      score: this.rules.score({ input: this.series.in.sum(now, SERIES_SECONDS), now }),
      rules,
      charts: Object.fromEntries(
        [...this.charts].map(([key, { chart, spark }]) => [key, { ...chart, spark: spark.slice() }]),
      ),
      ...this.events.views(),
      distributions: this.inspections.distributions(),
      duplicates: this.duplicates(rules),
      groups: this.inspections.groups(),
      tasks,
      events: this.events.newest(SHOWN_EVENTS),
    };
    return { ...base, problems: this.sinceFirstSeen(problemsOf(base, this.failedCommits)) };
  }

  /** A problem keeps the time at which it was first seen for as long as it lasts. */
  private sinceFirstSeen(found: View['problems']): View['problems'] {
    const problems = Object.fromEntries(
      Object.entries(found).map(([key, problem]) => [
        key,
        { ...problem, since: Math.min(problem.since, this.problems[key]?.since ?? problem.since) },
      ]),
    );
    this.problems = problems;
    return problems;
  }

  private taskView(name: string, task: TaskRecord): TaskView {
    const age = (this.options.clock.elapsed() - task.checkpointAt) / 1000;
    return {
      task: name,
      state: task.state,
      position: task.position,
      lag: task.end < 0 ? null : Math.max(0, task.end - task.position),
      streamTime: Number.isFinite(task.streamTime) ? task.streamTime : null,
      checkpointAgeSeconds: Number.isFinite(age) ? Math.round(age) : null,
      commitSeconds: Number.isFinite(task.commitSeconds) ? task.commitSeconds : null,
      restarts: task.restarts,
      lastError: task.lastError,
    };
  }

  private flows(now: number): Record<string, Flow> {
    const flows: Record<string, Flow> = {};
    for (const { from, to, port } of this.options.graph.edges) {
      const counted = port === null ? undefined : this.ports.get(`${from}\0${port}`);
      const rate = (ring: Ring | undefined) =>
        ring === undefined ? 0 : ring.sum(now - 1000, RATE_SECONDS) / RATE_SECONDS;
      flows[`${from}>${to}>${port ?? ''}`] =
        port === null
          ? { records: this.input, perSecond: Math.round(this.series.in.sum(now - 1000, RATE_SECONDS) / RATE_SECONDS) }
          : { records: counted?.records ?? 0, perSecond: Math.round(rate(counted?.ring)) };
    }
    return flows;
  }

  private seriesOf(now: number): View['series'] {
    const end = Math.floor(now / 1000);
    return {
      at: Array.from({ length: SERIES_SECONDS }, (_, i) => end - SERIES_SECONDS + 1 + i),
      in: this.series.in.list(now),
      quarantined: this.series.quarantined.list(now),
      duplicate: this.series.duplicate.list(now),
    };
  }

  /** Records that came to a step, by all its edges. */
  private arrived(id: string): number {
    let records = 0;
    for (const { from, to, port } of this.options.graph.edges)
      if (to === id) records += port === null ? this.input : (this.ports.get(`${from}\0${port}`)?.records ?? 0);
    return records;
  }

  /** Steps that look for what repeats, whether it leaves by a port of its own, is flagged alone, or merged. */
  private duplicates(rules: View['rules']): Record<string, DuplicateView> {
    const flagged = (id: string) =>
      Object.values(rules).find(({ step, rule }) => step === id && rule === 'near-duplicate')?.failed ?? 0;
    const found: Record<string, DuplicateView> = {};
    for (const { id, use } of this.options.graph.nodes) {
      const repeated = this.ports.get(`${id}\0duplicates`)?.records ?? 0;
      if (use === null || !/^dedup/.test(use)) continue;
      const stats = [...(this.stats.get(id)?.values() ?? [])];
      found[id] = {
        step: id,
        use,
        seen: this.arrived(id),
        duplicates: Math.max(repeated, flagged(id)),
        entries: stats.reduce((sum, { entries }) => sum + entries, 0),
        bytes: stats.reduce((sum, { bytes }) => sum + bytes, 0),
      };
    }
    return found;
  }
}
