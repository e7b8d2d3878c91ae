import type { TransportObserver } from '../core/transport.ts';
import type { MetricName } from './catalogue.ts';

type Labels = Record<string, string>;

/** Where numbers go. */
export interface MetricSink {
  add(name: MetricName, labels: Labels, n: number): void;
  set(name: MetricName, labels: Labels, value: number): void;
  observe(name: MetricName, labels: Labels, value: number): void;
}

/** What the transport tells, as metrics of the catalogue. */
export function transportMetrics(sink: MetricSink): TransportObserver {
  return {
    committed: () => {}, // the runtime counts and times commits
    commitFailed: ({ topology }, code) => sink.add('sluice_transaction_failures_total', { topology, code }, 1),
    restoring: () => {}, // readiness shows it
    restored: ({ topology }, seconds) => sink.observe('sluice_restore_duration_seconds', { topology }, seconds),
    fetched: ({ topology }, bytes) => sink.add('sluice_fetched_bytes_total', { topology }, bytes),
    sent: (topic, bytes) => sink.add('sluice_sent_bytes_total', { topic }, bytes),
    logEnds({ topology, topic, partition }, highWatermark, lastStable) {
      if (lastStable < 0) return;
      const labels = { topology, topic, partition: String(partition) };
      sink.set('sluice_last_stable_lag_records', labels, highWatermark - lastStable);
    },
    rebalanced: (topology) => sink.add('sluice_rebalances_total', { topology }, 1),
    conflict: (topology, plan) => sink.set('sluice_plan_conflict', { topology }, plan === undefined ? 0 : 1),
    clientError: (kind) => sink.add('sluice_client_errors_total', { kind }, 1),
    trimFailed: ({ topology }) => sink.add('sluice_trim_failures_total', { topology }, 1),
    markRefused: ({ topology }) => sink.add('sluice_replay_marks_refused_total', { topology }, 1),
    stubbed: (topic) => sink.add('sluice_quarantine_stubs_total', { topic }, 1),
  };
}
