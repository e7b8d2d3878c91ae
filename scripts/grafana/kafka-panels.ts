import type { MetricName } from '../../src/telemetry/catalogue.ts';
import { of, type PanelSpec, quantile, rate, sumBy } from './panels.ts';

/** Series that know no topology. */
const everywhere = (metric: MetricName) => `${metric}{job=~"$job", instance=~"$instance"}`;
const increase = (series: string) => `increase(${series}[$__rate_interval])`;

/** What only a run on Kafka has. */
export const KAFKA_PANELS: readonly PanelSpec[] = [
  {
    title: 'Waiting for a transaction',
    description: 'Kafka: records at the end of the log that no reader of committed data sees until a transaction ends.',
    unit: 'short',
    queries: [
      {
        expr: sumBy('topology, topic, partition', of('sluice_last_stable_lag_records')),
        legend: '{{topic}}/{{partition}}',
      },
    ],
  },
  {
    title: 'Failed transactions',
    description: 'Kafka: commits that failed, by reason. Their tasks are opened again; nothing of them is visible.',
    unit: 'short',
    queries: [
      {
        expr: sumBy('topology, code', increase(of('sluice_transaction_failures_total'))),
        legend: '{{topology}} {{code}}',
      },
    ],
  },
  {
    title: 'Rebalances',
    description: 'Kafka: generations of the group joined. Many without a deployment: members come and go.',
    unit: 'short',
    queries: [{ expr: sumBy('topology', increase(of('sluice_rebalances_total'))), legend: '{{topology}}' }],
  },
  {
    title: 'Restore time',
    description: 'Kafka: time until a task that moved or started has its state back: median and 99th percentile.',
    unit: 's',
    queries: [
      { expr: quantile(0.5, 'topology', 'sluice_restore_duration_seconds'), legend: '{{topology}} p50' },
      { expr: quantile(0.99, 'topology', 'sluice_restore_duration_seconds'), legend: '{{topology}} p99' },
    ],
  },
  {
    title: 'Bytes on the wire',
    description: 'Kafka: record batches read and written, as compressed as they travel.',
    unit: 'Bps',
    queries: [
      { expr: sumBy('topology', rate(of('sluice_fetched_bytes_total'))), legend: '{{topology}} read' },
      { expr: `sum by (topic) (${rate(everywhere('sluice_sent_bytes_total'))})`, legend: '{{topic}} written' },
    ],
  },
  {
    title: 'Client errors',
    description: 'Kafka: failed requests by kind. Stale and busy heal by themselves; lost means connections break.',
    unit: 'short',
    queries: [{ expr: `sum by (kind) (${increase(everywhere('sluice_client_errors_total'))})`, legend: '{{kind}}' }],
  },
  {
    title: 'Members kept out',
    description: 'Kafka: processes that get no task because members with another plan own the group.',
    unit: 'short',
    queries: [{ expr: sumBy('topology', of('sluice_plan_conflict')), legend: '{{topology}}' }],
  },
  {
    title: 'Trims that failed, stubs and forged replays',
    description:
      'Kafka: failed requests to delete what no restart needs, records too large for their own quarantine, and records that claim to come from a replay without a signature.',
    unit: 'short',
    queries: [
      { expr: sumBy('topology', increase(of('sluice_trim_failures_total'))), legend: '{{topology}} trims' },
      {
        expr: `sum by (topic) (${increase(everywhere('sluice_quarantine_stubs_total'))})`,
        legend: '{{topic}} stubs',
      },
      {
        expr: sumBy('topology', increase(of('sluice_replay_marks_refused_total'))),
        legend: '{{topology}} forged replays',
      },
    ],
  },
];
