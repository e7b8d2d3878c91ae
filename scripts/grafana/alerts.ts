import { stringify } from 'yaml';

export interface Alert {
  readonly name: string;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly expr: string;
  readonly for: string;
  readonly summary: string;
  readonly description: string;
  /** Series in which it fires, and others in which it does not; promtool's notation, one value a minute. */
  readonly fires: readonly Series[];
  readonly quiet: readonly Series[];
  /** Minute at which the cases are judged; default 30. */
  readonly at?: number;
}

export interface Series {
  readonly series: string;
  readonly values: string;
}

const T = 'topology="shop"';
const s = (series: string, values: string): Series => ({ series, values });
const bad = (window: string) =>
  `sum by (topology) (rate(sluice_fates_total{fate="quarantined"}[${window}])) / sum by (topology) (rate(sluice_input_records_total[${window}]))`;
/** Share of records that may be bad: 1 % over 30 days. */
const BUDGET = 0.01;
const burn = (long: string, short: string, factor: number) =>
  `(${bad(long)}) > ${(factor * BUDGET).toFixed(3)} and (${bad(short)}) > ${(factor * BUDGET).toFixed(3)}`;
const flow = (quarantined: string): readonly Series[] => [
  s(`sluice_input_records_total{${T}}`, '0+6000x2000'),
  s(`sluice_fates_total{${T}, fate="quarantined"}`, quarantined),
];

export const ALERTS: readonly Alert[] = [
  {
    name: 'SluiceDataStopped',
    severity: 'critical',
    expr: 'sum by (topology) (increase(sluice_input_records_total[15m])) == 0 and sum by (topology) (increase(sluice_input_records_total[2h] offset 15m)) > 0',
    for: '5m',
    summary: '{{ $labels.topology }} gets no records any more',
    description: 'No record was committed for 15 minutes, though there were some in the two hours before.',
    fires: [s(`sluice_input_records_total{${T}}`, '0+100x60 6000x200')],
    quiet: [s(`sluice_input_records_total{${T}}`, '0+100x300')],
    at: 100,
  },
  {
    name: 'SluiceDataLate',
    severity: 'warning',
    expr: 'max by (topology) (sluice_event_lag_seconds) > 900',
    for: '10m',
    summary: '{{ $labels.topology }} is {{ $value | humanizeDuration }} behind its events',
    description: 'The slowest partition commits records that happened more than 15 minutes ago.',
    fires: [s(`sluice_event_lag_seconds{${T}, partition="0"}`, '1200x60')],
    quiet: [s(`sluice_event_lag_seconds{${T}, partition="0"}`, '1200x5 10x60')],
  },
  {
    name: 'SluiceQualityBurnFast',
    severity: 'critical',
    expr: burn('1h', '5m', 14.4),
    for: '2m',
    summary: '{{ $labels.topology }} quarantines {{ $value | humanizePercentage }} of its records',
    description:
      'At this rate the monthly budget of bad records (1 %) is used up in two days. Source: multi-window burn rates of the SRE workbook.',
    fires: flow('0+1200x2000'),
    quiet: flow('0+30x2000'),
    at: 90,
  },
  {
    name: 'SluiceQualityBurnSlow',
    severity: 'warning',
    expr: burn('6h', '30m', 6),
    for: '15m',
    summary: '{{ $labels.topology }} quarantines {{ $value | humanizePercentage }} of its records',
    description: 'At this rate the monthly budget of bad records (1 %) is used up in five days.',
    fires: flow('0+500x2000'),
    quiet: flow('0+200x2000'),
    at: 420,
  },
  {
    name: 'SluiceQuarantineSpike',
    severity: 'warning',
    expr: `(${bad('5m')}) > 5 * (${bad('6h')}) and (${bad('5m')}) > 0.02`,
    for: '5m',
    summary: '{{ $labels.topology }}: quarantine has risen to {{ $value | humanizePercentage }}',
    description: 'More than five times the share of the last six hours goes to quarantine.',
    fires: flow('0+10x380 3800+600x60'),
    quiet: flow('0+60x500'),
    at: 392,
  },
  {
    name: 'SluiceDriftAlarm',
    severity: 'critical',
    expr: 'max by (topology, step, field) (sluice_drift_open) > 0',
    for: '0m',
    summary: '{{ $labels.topology }}: {{ $labels.field }} is in drift (step {{ $labels.step }})',
    description:
      'The field has moved away from its reference; the event drift.alarm tells the change point and the effect. All partitions of one incident are one page.',
    fires: [
      s(`sluice_drift_open{${T}, step="watch", field="price", instance="a"}`, '0x20 1x60'),
      s(`sluice_drift_open{${T}, step="watch", field="price", instance="b"}`, '0x22 1x60'),
    ],
    quiet: [s(`sluice_drift_open{${T}, step="watch", field="price", instance="a"}`, '0x20 1x3 0x60')],
  },
  {
    name: 'SluiceBreakerOpen',
    severity: 'critical',
    expr: 'max by (topology) (sluice_breaker_open) == 1',
    for: '0m',
    summary: 'the breaker of {{ $labels.topology }} is open',
    description: 'Too many records are bad: all are diverted until the share has fallen.',
    fires: [s(`sluice_breaker_open{${T}, step="breaker"}`, '1x60')],
    quiet: [s(`sluice_breaker_open{${T}, step="breaker"}`, '0x60')],
  },
  {
    name: 'SluiceLagGrowing',
    severity: 'warning',
    expr: 'sum by (topology) (deriv(sluice_consumer_lag_records[15m])) > 0 and sum by (topology) (sluice_consumer_lag_records) > 100000',
    for: '15m',
    summary: '{{ $labels.topology }} falls behind: {{ $value | humanize }} records a second',
    description: 'The lag is above 100,000 records and has grown for 15 minutes.',
    fires: [s(`sluice_consumer_lag_records{${T}, topic="in", partition="0"}`, '100000+5000x60')],
    quiet: [s(`sluice_consumer_lag_records{${T}, topic="in", partition="0"}`, '200000-5000x60')],
  },
  {
    name: 'SluiceCommitsFailing',
    severity: 'critical',
    expr: 'sum by (topology) (increase(sluice_commits_total{result="failed"}[10m])) > 3',
    for: '5m',
    summary: 'commits of {{ $labels.topology }} fail',
    description: 'More than three commits failed in ten minutes: nothing is lost, but little gets through.',
    fires: [s(`sluice_commits_total{${T}, result="failed"}`, '0+1x60')],
    quiet: [s(`sluice_commits_total{${T}, result="failed"}`, '0x20 1x60')],
  },
  {
    name: 'SluiceCheckpointOld',
    severity: 'warning',
    expr: 'max by (topology) (sluice_checkpoint_age_seconds) > 300 and on (topology) sum by (topology) (rate(sluice_input_records_total[5m])) > 0',
    for: '5m',
    summary: 'the checkpoint of {{ $labels.topology }} is {{ $value | humanizeDuration }} old',
    description: 'After a crash everything since then would be read again.',
    fires: [
      s(`sluice_checkpoint_age_seconds{${T}, partition="0"}`, '0+60x60'),
      s(`sluice_input_records_total{${T}}`, '0+60x60'),
    ],
    quiet: [
      s(`sluice_checkpoint_age_seconds{${T}, partition="0"}`, '0+60x60'),
      s(`sluice_input_records_total{${T}}`, '100x60'),
    ],
  },
  {
    name: 'SluiceWaitingForService',
    severity: 'critical',
    expr: 'sum by (topology, service) (increase(sluice_outage_seconds_total[5m])) > 0',
    for: '5m',
    summary: '{{ $labels.topology }} waits for the {{ $labels.service }}',
    description: 'It does not answer, so records that need it are not read. Nothing is lost; the lag grows.',
    fires: [s(`sluice_outage_seconds_total{${T}, service="schema-registry"}`, '0+60x60')],
    quiet: [s(`sluice_outage_seconds_total{${T}, service="schema-registry"}`, '0+60x5 360x60')],
  },
  {
    name: 'SluiceStateEvicting',
    severity: 'critical',
    expr: 'sum by (topology, step) (increase(sluice_events_total{type="state.evicted"}[15m])) > 0',
    for: '0m',
    summary: '{{ $labels.topology }}: step {{ $labels.step }} forgets before its time',
    description: 'A bound of its state is reached, so what was forgotten can pass again as new.',
    fires: [s(`sluice_events_total{${T}, step="once", type="state.evicted"}`, '0x20 5x60')],
    quiet: [s(`sluice_events_total{${T}, step="once", type="state.evicted"}`, '5x60')],
    at: 25,
  },
  {
    name: 'SluiceMemoryNearLimit',
    severity: 'warning',
    expr: 'sluice_memory_bytes > 0.9 * sluice_memory_limit_bytes',
    for: '10m',
    summary: '{{ $labels.instance }} uses {{ $value | humanize1024 }}B of memory',
    description: 'More than nine tenths of what the process may have.',
    fires: [
      s('sluice_memory_bytes{job="sluice", instance="a"}', '950x60'),
      s('sluice_memory_limit_bytes{job="sluice", instance="a"}', '1000x60'),
    ],
    quiet: [
      s('sluice_memory_bytes{job="sluice", instance="a"}', '500x60'),
      s('sluice_memory_limit_bytes{job="sluice", instance="a"}', '1000x60'),
    ],
  },
];

const RUNBOOK = 'docs/runbooks.md';
const DEFAULT_AT = 30;

/** Rules as Prometheus reads them. */
export function alertRules(): string {
  const rules = ALERTS.map(({ name, severity, expr, for: wait, summary, description }) => ({
    alert: name,
    expr,
    for: wait,
    labels: { severity },
    annotations: { summary, description, runbook_url: `${RUNBOOK}#${name.toLowerCase()}` },
  }));
  return stringify({ groups: [{ name: 'sluice', rules }] }, { lineWidth: 0 });
}

/** Two cases an alert, for promtool test rules: it fires, and it does not. */
export function alertTests(): string {
  const tests = ALERTS.flatMap((alert) => {
    const at = `${alert.at ?? DEFAULT_AT}m`;
    const one = (name: string, series: readonly Series[], fires: boolean) => ({
      name: `${alert.name} ${name}`,
      interval: '1m',
      input_series: series,
      // which labels and values it has is the business of the rule; that it is there, that of the case
      promql_expr_test: [
        {
          expr: `count(ALERTS{alertname="${alert.name}", alertstate="firing"}) or vector(0)`,
          eval_time: at,
          exp_samples: [{ labels: '{}', value: fires ? 1 : 0 }],
        },
      ],
    });
    return [one('fires', alert.fires, true), one('stays quiet', alert.quiet, false)];
  });
  return stringify({ rule_files: ['sluice.rules.yaml'], evaluation_interval: '1m', tests }, { lineWidth: 0 });
}
