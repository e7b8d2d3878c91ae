import { KAFKA_PANELS } from './kafka-panels.ts';
import { type DashboardSpec, of, quantile, rate, STEP, sumBy } from './panels.ts';

const share = (part: string, whole: string) => `${part} / ${whole}`;
const input = sumBy('topology', rate(of('sluice_input_records_total')));
const fate = (name: string) => sumBy('topology', rate(of('sluice_fates_total', `fate="${name}"`)));

export const DASHBOARDS: readonly DashboardSpec[] = [
  {
    uid: 'sluice-overview',
    title: 'Sluice / Overview',
    description: 'Is the data fine, and does it flow?',
    panels: [
      {
        title: 'Quality score',
        description: 'Share of records without a fault, all dimensions together, over the last five minutes.',
        unit: 'percentunit',
        kind: 'stat',
        width: 6,
        max: 1,
        queries: [{ expr: of('sluice_quality_score', 'dimension="overall"'), legend: '{{topology}}' }],
      },
      {
        title: 'Records in',
        description: 'Input records read and committed, a second.',
        unit: 'reqps',
        kind: 'stat',
        width: 6,
        queries: [{ expr: input, legend: '{{topology}}' }],
      },
      {
        title: 'Quarantined',
        description: 'Share of the input that went to quarantine.',
        unit: 'percentunit',
        kind: 'stat',
        width: 6,
        queries: [{ expr: share(fate('quarantined'), input), legend: '{{topology}}' }],
      },
      {
        title: 'Event lag',
        description: 'Wall clock minus stream time at the last commit, the slowest partition.',
        unit: 's',
        kind: 'stat',
        width: 6,
        queries: [{ expr: `max by (topology) (${of('sluice_event_lag_seconds')})`, legend: '{{topology}}' }],
      },
      {
        title: 'Records by fate',
        description: 'What became of the input records, a second. The sum is what came in.',
        unit: 'reqps',
        queries: [{ expr: sumBy('topology, fate', rate(of('sluice_fates_total'))), legend: '{{topology}} {{fate}}' }],
      },
      {
        title: 'Records written by topic',
        description: 'Records written, a second.',
        unit: 'reqps',
        queries: [{ expr: sumBy('topology, topic', rate(of('sluice_written_total'))), legend: '{{topic}}' }],
      },
      {
        title: 'Quality by dimension',
        description: 'Share of records without a fault of the dimension, over the last five minutes.',
        unit: 'percentunit',
        max: 1,
        queries: [{ expr: of('sluice_quality_score'), legend: '{{topology}} {{dimension}}' }],
      },
      {
        title: 'Quality events',
        description: 'Events by type: alarms, revisions, evictions, breakers.',
        unit: 'short',
        queries: [
          {
            expr: sumBy('topology, type', `increase(${of('sluice_events_total')}[$__rate_interval])`),
            legend: '{{topology}} {{type}}',
          },
        ],
      },
    ],
  },
  {
    uid: 'sluice-rules',
    title: 'Sluice / Rules',
    description: 'Which rules fail, how often, since when.',
    bySteps: true,
    panels: [
      {
        title: 'Findings by rule',
        description: 'Findings a second, the ten rules that fail most.',
        unit: 'reqps',
        width: 24,
        queries: [
          {
            expr: `topk(10, ${sumBy('topology, step, rule, severity', rate(of('sluice_findings_total', STEP)))})`,
            legend: '{{step}} {{rule}} ({{severity}})',
          },
        ],
      },
      {
        title: 'Failure ratio by rule',
        description: 'Findings as a share of the input records.',
        unit: 'percentunit',
        queries: [
          {
            expr: `topk(10, ${sumBy('topology, rule', rate(of('sluice_findings_total', STEP)))} / on (topology) group_left () ${input})`,
            legend: '{{rule}}',
          },
        ],
      },
      {
        title: 'Changed values by method',
        description: 'What cleaning and repair changed, a second.',
        unit: 'reqps',
        queries: [
          {
            expr: sumBy('topology, step, method', rate(of('sluice_changes_total', STEP))),
            legend: '{{step}} {{method}}',
          },
        ],
      },
      {
        title: 'Rules that vote: learned accuracy',
        description: 'What the label model has learned of each rule; below one half it says the opposite of the truth.',
        unit: 'percentunit',
        max: 1,
        queries: [{ expr: of('sluice_rule_accuracy', STEP), legend: '{{step}} {{rule}}' }],
      },
      {
        title: 'Rules: precision by verdicts of people',
        description: 'Share of a rule’s findings that people confirmed.',
        unit: 'percentunit',
        max: 1,
        queries: [{ expr: of('sluice_rule_precision', STEP), legend: '{{step}} {{rule}}' }],
      },
      {
        title: 'Windowed checks: observed',
        description: 'The newest value of each expectation of check-window.',
        unit: 'short',
        queries: [{ expr: of('sluice_window_value', STEP), legend: '{{step}} {{expectation}}' }],
      },
      {
        title: 'Windowed checks: failing',
        description: '1 while the newest window fails its expectation.',
        unit: 'none',
        max: 1,
        queries: [{ expr: of('sluice_window_failing', STEP), legend: '{{step}} {{expectation}}' }],
      },
      {
        title: 'Late records of windows',
        description: 'Records that came after their window had closed.',
        unit: 'short',
        queries: [{ expr: of('sluice_window_late_records', STEP), legend: '{{step}}' }],
      },
      {
        title: 'Breaker',
        description: '1 while the breaker is open.',
        unit: 'none',
        max: 1,
        queries: [{ expr: of('sluice_breaker_open'), legend: '{{topology}}' }],
      },
      {
        title: 'Slices left out',
        description: 'Records the slice finder could not count because its table was full.',
        unit: 'short',
        queries: [{ expr: of('sluice_slices_left_out'), legend: '{{topology}}' }],
      },
    ],
  },
  {
    uid: 'sluice-drift',
    title: 'Sluice / Drift',
    description: 'How near each field is to an alarm, and what it looks like.',
    bySteps: true,
    panels: [
      {
        title: 'Pressure of the charts',
        description:
          'Each chart’s statistic as a share of its threshold; at 1 it alarms when the effect is large enough. The twenty nearest.',
        unit: 'percentunit',
        width: 24,
        queries: [
          {
            expr: `topk(20, ${of('sluice_drift_statistic_ratio', STEP)})`,
            legend: '{{step}} {{field}} {{chart}}',
          },
        ],
      },
      {
        title: 'Fields in drift',
        description: 'Segments of each field that are in drift at this moment.',
        unit: 'short',
        queries: [
          { expr: sumBy('topology, step, field', of('sluice_drift_open', STEP)), legend: '{{step}} {{field}}' },
        ],
      },
      {
        title: 'Alarms',
        description: 'Drift alarms, recoveries and new baselines.',
        unit: 'short',
        queries: [
          {
            expr: sumBy(
              'topology, step, type',
              `increase(${of('sluice_events_total', STEP, 'type=~"drift.+"')}[$__rate_interval])`,
            ),
            legend: '{{step}} {{type}}',
          },
        ],
      },
      {
        title: 'Profile',
        description: 'Figures that profile publishes of the newest window.',
        unit: 'short',
        queries: [{ expr: of('sluice_profile_value', STEP), legend: '{{step}} {{field}} {{figure}}' }],
      },
    ],
  },
  {
    uid: 'sluice-votes',
    title: 'Sluice / Votes and sources',
    description: 'Items in hand, voters and sources, revisions.',
    bySteps: true,
    panels: [
      {
        title: 'Open items',
        description: 'Items that still wait for votes or claims.',
        unit: 'short',
        queries: [{ expr: of('sluice_open_items', STEP), legend: '{{step}}' }],
      },
      {
        title: 'Voters and sources',
        description: 'Known voters or sources, by state.',
        unit: 'short',
        queries: [{ expr: of('sluice_voters', STEP), legend: '{{step}} {{state}}' }],
      },
      {
        title: 'Revisions and reports',
        description: 'Labels and values that changed after they were given, and reports of voters and sources.',
        unit: 'short',
        queries: [
          {
            expr: sumBy(
              'topology, step, type',
              `increase(${of('sluice_events_total', STEP, 'type=~"vote.+|voter.+|resolve.+|source.+"')}[$__rate_interval])`,
            ),
            legend: '{{step}} {{type}}',
          },
        ],
      },
      {
        title: 'Decisions by port',
        description: 'Consensus records, ties and requests for labels, a second.',
        unit: 'reqps',
        queries: [
          { expr: sumBy('topology, step, port', rate(of('sluice_records_total', STEP))), legend: '{{step}} {{port}}' },
        ],
      },
    ],
  },
  {
    uid: 'sluice-dedup',
    title: 'Sluice / Dedup and queries',
    description: 'What repeats, and what remembering it costs.',
    bySteps: true,
    panels: [
      {
        title: 'Duplicates',
        description: 'Share of what a step passed on or recognized as a duplicate.',
        unit: 'percentunit',
        queries: [
          {
            expr: share(
              sumBy('topology, step', rate(of('sluice_records_total', STEP, 'port="duplicates"'))),
              sumBy('topology, step', rate(of('sluice_records_total', STEP, 'port=~"out|duplicates"'))),
            ),
            legend: '{{step}}',
          },
        ],
      },
      {
        title: 'Executions avoided',
        description: 'Share of queries that need not be executed again.',
        unit: 'percentunit',
        max: 1,
        queries: [{ expr: of('sluice_query_avoided_ratio', STEP), legend: '{{step}}' }],
      },
      {
        title: 'Queries passed by, texts parsed',
        description:
          'Queries that were not compared, by reason, and texts that had to be parsed because they were new.',
        unit: 'short',
        queries: [
          { expr: of('sluice_query_bypassed', STEP), legend: '{{step}} bypassed {{reason}}' },
          { expr: of('sluice_query_texts_parsed', STEP), legend: '{{step}} parsed' },
        ],
      },
      {
        title: 'Near-duplicates not compared',
        description: 'Candidates left out by the bounds of a search. Rising fast: compare fewer common words.',
        unit: 'short',
        queries: [{ expr: of('sluice_near_left_out', STEP), legend: '{{step}} {{reason}}' }],
      },
      {
        title: 'Entries remembered',
        description: 'Entries held as state by a step.',
        unit: 'short',
        queries: [{ expr: sumBy('topology, step', of('sluice_state_entries', STEP)), legend: '{{step}}' }],
      },
      {
        title: 'Memory of steps',
        description: 'Memory held as state by a step.',
        unit: 'bytes',
        queries: [{ expr: sumBy('topology, step', of('sluice_state_bytes', STEP)), legend: '{{step}}' }],
      },
    ],
  },
  {
    uid: 'sluice-health',
    title: 'Sluice / Pipeline health',
    description: 'Tasks, commits, checkpoints, lag, transport.',
    panels: [
      {
        title: 'Tasks by state',
        description: 'Tasks of this process. Anything but running or ended wants a look.',
        unit: 'short',
        queries: [{ expr: sumBy('topology, state', of('sluice_tasks')), legend: '{{topology}} {{state}}' }],
      },
      {
        title: 'Reloads',
        description: 'Topology files read again. After a refused one the process runs another version than its file.',
        unit: 'short',
        queries: [
          {
            expr: sumBy('topology, result', `increase(${of('sluice_reloads_total')}[$__rate_interval])`),
            legend: '{{topology}} {{result}}',
          },
        ],
      },
      {
        title: 'Waiting for other services',
        description:
          'Tasks that wait because a service (the schema registry) does not answer: share of a second, summed over tasks.',
        unit: 'short',
        queries: [
          {
            expr: sumBy('topology, service', rate(of('sluice_outage_seconds_total'))),
            legend: '{{topology}} {{service}}',
          },
        ],
      },
      {
        title: 'Lag',
        description: 'Records between the position and the end of the log.',
        unit: 'short',
        queries: [
          {
            expr: sumBy('topology, topic, partition', of('sluice_consumer_lag_records')),
            legend: '{{topic}}/{{partition}}',
          },
        ],
      },
      {
        title: 'Commit time',
        description: 'Time from the start of a commit until it is durable: median and 99th percentile.',
        unit: 's',
        queries: [
          { expr: quantile(0.5, 'topology', 'sluice_commit_duration_seconds'), legend: '{{topology}} p50' },
          { expr: quantile(0.99, 'topology', 'sluice_commit_duration_seconds'), legend: '{{topology}} p99' },
        ],
      },
      {
        title: 'Commits',
        description: 'Commits by result, a second.',
        unit: 'ops',
        queries: [
          { expr: sumBy('topology, result', rate(of('sluice_commits_total'))), legend: '{{topology}} {{result}}' },
        ],
      },
      {
        title: 'Batch time',
        description: 'Time to process one batch: median and 99th percentile.',
        unit: 's',
        queries: [
          { expr: quantile(0.5, 'topology', 'sluice_batch_duration_seconds'), legend: '{{topology}} p50' },
          { expr: quantile(0.99, 'topology', 'sluice_batch_duration_seconds'), legend: '{{topology}} p99' },
        ],
      },
      {
        title: 'Checkpoint age',
        description: 'Time since the newest durable checkpoint: what a restart has to read again.',
        unit: 's',
        queries: [{ expr: `max by (topology) (${of('sluice_checkpoint_age_seconds')})`, legend: '{{topology}}' }],
      },
      {
        title: 'Checkpoint size',
        description: 'Bytes written by the last checkpoint.',
        unit: 'bytes',
        queries: [{ expr: of('sluice_checkpoint_bytes'), legend: '{{topology}}' }],
      },
      {
        title: 'Restarts and replays',
        description: 'Tasks opened again after a failure, and records read again after a restart.',
        unit: 'short',
        queries: [
          {
            expr: sumBy('topology', `increase(${of('sluice_task_restarts_total')}[$__rate_interval])`),
            legend: '{{topology}} restarts',
          },
          {
            expr: sumBy('topology', `increase(${of('sluice_replayed_records_total')}[$__rate_interval])`),
            legend: '{{topology}} replayed',
          },
        ],
      },
      {
        title: 'Time since the last commit',
        description: 'Grows while nothing is committed.',
        unit: 's',
        queries: [{ expr: `time() - ${of('sluice_last_commit_timestamp_seconds')}`, legend: '{{topology}}' }],
      },
      ...KAFKA_PANELS,
      {
        title: 'Series and log lines left out',
        description: 'Updates that met a bound of series, and log lines left out by the rate limit.',
        unit: 'short',
        queries: [
          {
            expr: 'sum by (metric) (increase(sluice_metric_series_dropped_total{job=~"$job", instance=~"$instance"}[$__rate_interval]))',
            legend: 'series of {{metric}}',
          },
          {
            expr: 'sum by (code) (increase(sluice_log_lines_suppressed_total{job=~"$job", instance=~"$instance"}[$__rate_interval]))',
            legend: 'lines {{code}}',
          },
        ],
      },
      {
        title: 'Memory',
        description: 'Resident memory of the process, and what it may have.',
        unit: 'bytes',
        queries: [
          { expr: 'sluice_memory_bytes{job=~"$job", instance=~"$instance"}', legend: '{{instance}}' },
          { expr: 'sluice_memory_limit_bytes{job=~"$job", instance=~"$instance"}', legend: '{{instance}} limit' },
        ],
      },
      {
        title: 'Event loop delay',
        description: 'How late timers are, 99th percentile: what a batch keeps everything else waiting.',
        unit: 's',
        queries: [
          { expr: 'sluice_event_loop_delay_seconds{job=~"$job", instance=~"$instance"}', legend: '{{instance}}' },
        ],
      },
      {
        title: 'Builds',
        description: 'Versions that run.',
        unit: 'none',
        kind: 'table',
        queries: [{ expr: 'sluice_build_info{job=~"$job", instance=~"$instance"}', legend: '{{version}} {{node}}' }],
      },
    ],
  },
];
