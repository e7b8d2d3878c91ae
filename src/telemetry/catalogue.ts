/**
 * Every metric and every event, once: the source for /metrics, docs, dashboards, alerts and tests.
 * Names and labels are API: adding is free, renaming is a breaking change.
 */

export interface MetricSpec {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in the metric's unit; histograms only. */
  readonly buckets?: readonly number[];
}

const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export const METRICS = [
  {
    name: 'sluice_records_total',
    type: 'counter',
    help: 'Records that left a step by a port.',
    labels: ['topology', 'step', 'port'],
  },
  {
    name: 'sluice_fates_total',
    type: 'counter',
    help: 'Input records by what became of them; the sum over fates is the number of records read.',
    labels: ['topology', 'fate'],
  },
  {
    name: 'sluice_input_records_total',
    type: 'counter',
    help: 'Input records read and committed.',
    labels: ['topology'],
  },
  {
    name: 'sluice_findings_total',
    type: 'counter',
    help: 'Findings by rule; shadow rules have severity shadow.',
    labels: ['topology', 'step', 'rule', 'severity'],
  },
  {
    name: 'sluice_changes_total',
    type: 'counter',
    help: 'Values changed by a step, by method.',
    labels: ['topology', 'step', 'method'],
  },
  {
    name: 'sluice_events_total',
    type: 'counter',
    help: 'Quality events by type.',
    labels: ['topology', 'step', 'type'],
  },
  { name: 'sluice_written_total', type: 'counter', help: 'Records written, by topic.', labels: ['topology', 'topic'] },
  {
    name: 'sluice_batch_duration_seconds',
    type: 'histogram',
    help: 'Time to process one batch.',
    labels: ['topology'],
    buckets: DURATION_BUCKETS,
  },
  {
    name: 'sluice_commit_duration_seconds',
    type: 'histogram',
    help: 'Time from the start of a commit until it is durable.',
    labels: ['topology'],
    buckets: DURATION_BUCKETS,
  },
  { name: 'sluice_commits_total', type: 'counter', help: 'Commits by result.', labels: ['topology', 'result'] },
  {
    name: 'sluice_event_lag_seconds',
    type: 'gauge',
    help: 'Wall clock minus stream time at the last commit.',
    labels: ['topology', 'partition'],
  },
  { name: 'sluice_state_bytes', type: 'gauge', help: 'Memory held as state by a step.', labels: ['topology', 'step'] },
  {
    name: 'sluice_state_entries',
    type: 'gauge',
    help: 'Entries held as state by a step.',
    labels: ['topology', 'step'],
  },
  {
    name: 'sluice_rule_accuracy',
    type: 'gauge',
    help: 'Share of right answers of a rule that votes, learned from its agreement with the others.',
    labels: ['topology', 'step', 'rule'],
  },
  {
    name: 'sluice_rule_precision',
    type: 'gauge',
    help: 'Share of the findings of a rule (of a label: of its answers) that people confirmed.',
    labels: ['topology', 'step', 'rule'],
  },
  {
    name: 'sluice_near_left_out',
    type: 'gauge',
    help: 'Candidates that were not compared, by reason: left a full block, or beyond what is looked at for a record.',
    labels: ['topology', 'step', 'reason'],
  },
  {
    name: 'sluice_open_items',
    type: 'gauge',
    help: 'Items voted on, or entries claimed about, that have not closed yet.',
    labels: ['topology', 'step'],
  },
  {
    name: 'sluice_voters',
    type: 'gauge',
    help: 'Voters known to a step, by whether their votes count.',
    labels: ['topology', 'step', 'state'],
  },
  {
    name: 'sluice_checkpoint_age_seconds',
    type: 'gauge',
    help: 'Time since the newest durable checkpoint.',
    labels: ['topology', 'partition'],
  },
  {
    name: 'sluice_checkpoint_bytes',
    type: 'gauge',
    help: 'Bytes written by the last checkpoint.',
    labels: ['topology'],
  },
  {
    name: 'sluice_replayed_records_total',
    type: 'counter',
    help: 'Records read again after a restart, with their outputs discarded.',
    labels: ['topology'],
  },
  {
    name: 'sluice_task_restarts_total',
    type: 'counter',
    help: 'Tasks closed and opened again after a failure.',
    labels: ['topology'],
  },
  { name: 'sluice_tasks', type: 'gauge', help: 'Tasks by state.', labels: ['topology', 'state'] },
  {
    name: 'sluice_outage_seconds_total',
    type: 'counter',
    help: 'Kafka: seconds tasks have waited for a service beside the brokers (schema-registry) that does not answer. Nothing is lost; the lag grows.',
    labels: ['topology', 'service'],
  },
  {
    name: 'sluice_last_commit_timestamp_seconds',
    type: 'gauge',
    help: 'Wall clock of the last commit.',
    labels: ['topology'],
  },
  {
    name: 'sluice_consumer_lag_records',
    type: 'gauge',
    help: 'Records between the position and the end of the log.',
    labels: ['topology', 'topic', 'partition'],
  },
  {
    name: 'sluice_last_stable_lag_records',
    type: 'gauge',
    help: 'Kafka: records at the end of the log that wait for the end of a transaction.',
    labels: ['topology', 'topic', 'partition'],
  },
  {
    name: 'sluice_transaction_failures_total',
    type: 'counter',
    help: 'Kafka: commits that failed, by reason: fenced, unknown-outcome, broker-refused, …; the task is opened again.',
    labels: ['topology', 'code'],
  },
  {
    name: 'sluice_reloads_total',
    type: 'counter',
    help: 'Topology files read again by SIGHUP or --watch, by result: applied, unchanged, refused. After refused the process runs another version than its file.',
    labels: ['topology', 'result'],
  },
  {
    name: 'sluice_rebalances_total',
    type: 'counter',
    help: 'Kafka: generations of the group joined.',
    labels: ['topology'],
  },
  {
    name: 'sluice_restore_duration_seconds',
    type: 'histogram',
    help: 'Kafka: time from fencing earlier owners of a task until its state is read.',
    labels: ['topology'],
    buckets: DURATION_BUCKETS,
  },
  {
    name: 'sluice_fetched_bytes_total',
    type: 'counter',
    help: 'Kafka: bytes of record batches read.',
    labels: ['topology'],
  },
  {
    name: 'sluice_sent_bytes_total',
    type: 'counter',
    help: 'Kafka: bytes of record batches written.',
    labels: ['topic'],
  },
  {
    name: 'sluice_client_errors_total',
    type: 'counter',
    help: 'Kafka: failed requests by kind: stale, busy, lost, fenced, member, fatal.',
    labels: ['kind'],
  },
  {
    name: 'sluice_plan_conflict',
    type: 'gauge',
    help: 'Kafka: 1 while members with another plan own the tasks of the group, and this process gets none.',
    labels: ['topology'],
  },
  {
    name: 'sluice_trim_failures_total',
    type: 'counter',
    help: 'Kafka: failed requests to delete what no restart needs any more; the next one covers it.',
    labels: ['topology'],
  },
  {
    name: 'sluice_quarantine_stubs_total',
    type: 'counter',
    help: 'Kafka: records too large for their quarantine, written as size, hash and origin.',
    labels: ['topic'],
  },
  {
    name: 'sluice_replay_marks_refused_total',
    type: 'counter',
    help: 'Kafka: records that claim to come from a replay without a signature that proves it, taken as new ones.',
    labels: ['topology'],
  },
  {
    name: 'sluice_log_lines_suppressed_total',
    type: 'counter',
    help: 'Log lines left out by the rate limit, by code.',
    labels: ['code'],
  },
  {
    name: 'sluice_metric_series_dropped_total',
    type: 'counter',
    help: 'Updates that went to the overflow series because a metric had reached its bound of series.',
    labels: ['metric'],
  },
  {
    name: 'sluice_breaker_open',
    type: 'gauge',
    help: '1 while the breaker of the topology is open.',
    labels: ['topology', 'step'],
  },
  {
    name: 'sluice_slices_left_out',
    type: 'gauge',
    help: 'Records whose value was not counted by the slice finder because its table was full.',
    labels: ['topology', 'step'],
  },
  {
    name: 'sluice_window_value',
    type: 'gauge',
    help: 'What an expectation measured in the last window that closed.',
    labels: ['topology', 'step', 'expectation'],
  },
  {
    name: 'sluice_window_failing',
    type: 'gauge',
    help: '1 when the last window did not meet the expectation; with `by` the number of such segments.',
    labels: ['topology', 'step', 'expectation'],
  },
  {
    name: 'sluice_window_late_records',
    type: 'gauge',
    help: 'Records since the start that came after their window had closed.',
    labels: ['topology', 'step'],
  },
  {
    name: 'sluice_query_avoided_ratio',
    type: 'gauge',
    help: 'Share of queries since the task opened that need not be executed again (dedup-queries).',
    labels: ['topology', 'step'],
  },
  {
    name: 'sluice_query_bypassed',
    type: 'gauge',
    help: 'Queries since the task opened that are never shared, by reason (dedup-queries).',
    labels: ['topology', 'step', 'reason'],
  },
  {
    name: 'sluice_query_texts_parsed',
    type: 'gauge',
    help: 'Texts of queries parsed since the task opened; the other queries were known by their text (dedup-queries).',
    labels: ['topology', 'step'],
  },
  {
    name: 'sluice_profile_value',
    type: 'gauge',
    help: 'A figure of a field in the last window profiled.',
    labels: ['topology', 'step', 'field', 'figure'],
  },
  {
    name: 'sluice_quality_score',
    type: 'gauge',
    help: 'Share of records without a fault in the last five minutes, by dimension; overall is their product.',
    labels: ['topology', 'dimension'],
  },
  {
    name: 'sluice_memory_bytes',
    type: 'gauge',
    help: 'Memory the process uses, resident.',
    labels: [],
  },
  {
    name: 'sluice_event_loop_delay_seconds',
    type: 'gauge',
    help: 'How late timers were since the last scrape, 99th percentile: what a batch keeps everything else waiting.',
    labels: [],
  },
  {
    name: 'sluice_memory_limit_bytes',
    type: 'gauge',
    help: 'Memory the process may have: of its control group, else of the machine.',
    labels: [],
  },
  {
    name: 'sluice_drift_open',
    type: 'gauge',
    help: 'Segments of a field that are in drift: since an alarm, and until the field has recovered or has a new reference.',
    labels: ['topology', 'step', 'field'],
  },
  {
    name: 'sluice_drift_statistic_ratio',
    type: 'gauge',
    help: 'Statistic of a drift chart as a share of its threshold, the largest over segments: 1 is evidence of drift.',
    labels: ['topology', 'step', 'field', 'chart'],
  },
  {
    name: 'sluice_build_info',
    type: 'gauge',
    help: 'Always 1; the labels name the build.',
    labels: ['version', 'node'],
  },
] as const satisfies readonly MetricSpec[];

export type MetricName = (typeof METRICS)[number]['name'];

export interface EventSpec {
  readonly type: string;
  readonly help: string;
  /** Fields of `data`. */
  readonly data: Readonly<Record<string, string>>;
}

export const EVENTS: readonly EventSpec[] = [
  {
    type: 'rule.summary',
    help: 'Findings of a rule since the last checkpoint.',
    data: { rule: 'name of the rule', severity: 'its severity', count: 'findings' },
  },
  {
    type: 'state.evicted',
    help: 'A step reached a bound of its state and forgot entries before their time.',
    data: { entries: 'how many', bound: 'which limit' },
  },
  {
    type: 'cluster.merged',
    help: 'Two clusters turned out to be one (`from` is no more), or two records belong together now (`with`).',
    data: {
      cluster: 'id of the cluster',
      from: 'id of the cluster that is part of it now',
      records: 'how many of its records are held',
      origin: 'record that showed it, or that came over',
      with: 'its partner, or the record it came over to',
      score: 'similarity',
    },
  },
  {
    type: 'cluster.split',
    help: 'A record lost its partner to one that is more alike, or left a cluster for one it is more like.',
    data: { cluster: 'id of the cluster it left', origin: 'record', from: 'the partner it lost' },
  },
  {
    type: 'key.mismatch',
    help: 'The key of a record is not what input.key declares (keyMismatch: warn).',
    data: {
      expected: 'declared fields',
      origin: 'the record',
      records: 'mismatches of the task so far: told at 1, 10, 100, …',
    },
  },
  {
    type: 'breaker.opened',
    help: 'Too many records were quarantined: from the next record on all are diverted, or the run ends.',
    data: {
      share: 'share of quarantined records in the window',
      records: 'records in the window',
      quarantined: 'of these quarantined',
      action: 'divert or stop',
      origin: 'record at which it opened',
    },
  },
  {
    type: 'breaker.closed',
    help: 'The share of quarantined records has fallen: records go their usual ways again.',
    data: {
      share: 'share of quarantined records in the last span',
      records: 'records in that span',
      quarantined: 'of these quarantined',
      diverted: 'records that came while it was open',
      origin: 'record at which it closed',
    },
  },
  {
    type: 'quality.score',
    help: 'Quality of the records of a window (docs/quality-score.md).',
    data: {
      stage: 'stage it is about',
      from: 'start of the window, in stream time',
      to: 'its end',
      fromRecord: 'number of its first record, where windows are cut by records',
      records: 'records that came in',
      overall: 'share without a fault, all dimensions together',
      dimensions: 'share without a fault of each dimension',
    },
  },
  {
    type: 'slices.changed',
    help: 'The sub-populations in which records fail more often than elsewhere are others than before.',
    data: {
      against: '`quarantined` or the name of a rule',
      slices: 'worst first: where, records, failures, support, rate, restRate, ratioAtLeast (lower confidence bound)',
    },
  },
  {
    type: 'window.failed',
    help: 'A window does not meet an expectation.',
    data: {
      expectation: 'its name',
      measure: 'what is measured',
      field: 'field measured',
      segment: 'values of the `by` fields',
      severity: 'its severity',
      observed: 'value of the window',
      min: 'smallest value expected',
      max: 'largest value expected',
      learned: 'true when bounds come from earlier windows',
      invalid: 'values that are no number or instant, left out',
      window: 'start and end: instants, or numbers of records',
      records: 'records in the window',
      windows: 'windows in a row, when there were several without records',
      partial: 'true when the start or end of the input cuts it off',
      late: 'records that came too late for their window since the window judged before',
    },
  },
  {
    type: 'window.recovered',
    help: 'The first window that meets an expectation again.',
    data: {
      expectation: 'its name',
      measure: 'what is measured',
      field: 'field measured',
      segment: 'values of the `by` fields',
      severity: 'its severity',
      observed: 'value of the window',
      min: 'smallest value expected',
      max: 'largest value expected',
      learned: 'true when bounds come from earlier windows',
      invalid: 'values that are no number or instant, left out',
      window: 'start and end: instants, or numbers of records',
      records: 'records in the window',
      windows: 'windows in a row, when there were several without records',
      partial: 'true when the start or end of the input cuts it off',
      late: 'records that came too late for their window since the window judged before',
    },
  },
  {
    type: 'window.overflow',
    help: 'There are more segments than `check-window` may keep: the rest share one. Said at the first record and every tenfold number.',
    data: { bound: 'segments at most', records: 'records that shared the overflow segment' },
  },
  {
    type: 'profile.window',
    help: 'A window was profiled; its fields follow as profile.field.',
    data: {
      window: 'start and end: instants, or numbers of records',
      records: 'records in the window',
      segments: 'segments in the window',
      overflow: 'records of segments beyond maxSegments, profiled together',
      valuesLeftOut: 'values of fields beyond maxFields or maxCells',
      late: 'records that came too late for their window since the window before',
    },
  },
  {
    type: 'profile.field',
    help: 'What a field was like in a window.',
    data: {
      window: 'start and end',
      segment: 'values of `by`, or overflow',
      field: 'which field',
      records: 'records of the segment',
      missing: 'records without the field',
      nulls: 'records where it is null',
      types: 'records by type of the value',
      inferred: 'type that 95 of 100 values have, whether as text, and their share',
      distinct: 'distinct values',
      numbers: 'n, min, max, mean, sd, skewness, quantiles',
      lengths: 'shortest, longest and mean length of texts or lists',
      top: 'frequent values with their counts',
      patterns: 'frequent forms of texts as patterns, with their counts',
    },
  },
  {
    type: 'vote.revised',
    help: 'The label of a closed item changed while it was buffered.',
    data: {
      item: 'which item',
      from: 'label before, null for a tie',
      to: 'label now',
      revision: 'number of the change',
      cause: 'late-vote, sweep or gold',
    },
  },
  {
    type: 'voter.report',
    help: 'What is known of a voter.',
    data: {
      voter: 'name of the voter',
      votes: 'votes taken',
      accuracy: 'expected share of right votes',
      low: 'lower end of its 95 % interval',
      high: 'upper end of its 95 % interval',
      excluded: 'true when its votes no longer count',
      bias: 'shares of what it says, by true label',
    },
  },
  {
    type: 'resolve.revised',
    help: 'The value of a closed entry changed while it was buffered.',
    data: {
      entity: 'which entity',
      attribute: 'which attribute',
      from: 'value before, null when undecided',
      to: 'value now',
      revision: 'number of the change',
      cause: 'late-claim or sweep',
    },
  },
  {
    type: 'source.report',
    help: 'What is known of a source of claims.',
    data: {
      source: 'name of the source',
      trust: 'expected share of true claims',
      claims: 'claims learned from',
      coverage: 'share of the entries it claims something about',
      copiesFrom: 'source it most likely copies',
      copyProbability: 'how likely that is',
    },
  },
  {
    type: 'dependency.suspended',
    help: 'A declared dependency that the data contradict is not used any more.',
    data: {
      dependency: 'left side -> right side',
      confidence: 'share of the records looked at that agree with their group',
      records: 'records looked at',
      field: 'field with a value nearly all records of which violate',
      value: 'that value',
      violations: 'records with it that violate',
      proposal: 'the dependency that holds instead; it is used like an inferred one',
    },
  },
  {
    type: 'rule.report',
    help: 'What is known of a rule that votes, or that people gave verdicts on.',
    data: {
      rule: 'name of the rule',
      label: 'what it says, for a rule of `label`',
      accuracy: 'expected share of right answers, from agreement',
      coverage: 'share of the records it speaks on',
      precision: 'share that people confirmed: of its findings, for a rule of `label` of its answers',
      copyOf: 'rule it mostly repeats',
    },
  },
  {
    type: 'drift.alarm',
    help: 'A field, rate or model drifted: the evidence reached its threshold and the effect is large enough.',
    data: {
      field: 'what is watched: a field, a rate by its name, target, volume or freshness',
      segment: 'values of the `by` fields',
      against:
        '`level`: a further change of a field in drift; the rest is against what it was like since its last alarm',
      chart: 'location, scale, nulls, invalid, distribution, new-category, rate, error or gap',
      direction: 'up or down',
      k: 'reference value of the CUSUM that fired',
      statistic: 'of the chart; of a window tested with others -log10 of its p-value, and `threshold` of its level',
      threshold: 'that it reached',
      changePoint: 'origin of the first record of the change',
      changeTime: 'its stream time',
      detectedAt: 'origin of the record that raised the alarm',
      recordsSinceChange: 'records of the field from one to the other',
      effect: 'js (base 2), psi (less its bias), w1 and sd (in standard deviations)',
      severity: 'minor, moderate or major',
      before: 'rate before, where the chart watches a rate',
      after: 'rate since the change',
      histogram: 'shares before and after, by bin or category',
      moved: 'the bins or categories that moved most',
      incident: 'the same for all partitions that drift together',
    },
  },
  {
    type: 'drift.recovered',
    help: 'A field in drift looks like its reference again.',
    data: { field: 'which', segment: 'which', records: 'records in drift', incident: 'of the alarm' },
  },
  {
    type: 'drift.rebaselined',
    help: 'A field takes a new reference, by policy or command.',
    data: { field: 'which', segment: 'which', cause: 'policy or command', incident: 'of the last alarm' },
  },
  {
    type: 'drift.referenced',
    help: 'The warm-up is over: the reference of a field is frozen. Kept, these events are the stored reference of another run.',
    data: {
      field: 'which',
      segment: 'which',
      kind: 'numeric, categorical or rate',
      records: 'records it was made from',
      reference: 'its bytes in base64; left out for redacted fields',
    },
  },
  {
    type: 'drift.overflow',
    help: 'There are more segments than the step may keep: the rest share one. Said at the first record and every tenfold number.',
    data: { bound: 'segments at most', records: 'records that shared the overflow segment' },
  },
];
