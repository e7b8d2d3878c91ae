import type { MetricName } from '../../src/telemetry/catalogue.ts';

/** Grafana's names of units. */
export type Unit = 'short' | 'reqps' | 's' | 'bytes' | 'Bps' | 'percentunit' | 'none' | 'ops';

export interface Query {
  /** PromQL with `SEL` for the matchers every query has. */
  readonly expr: string;
  /** `{{label}}` stands for a label. */
  readonly legend: string;
}

export interface PanelSpec {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  readonly kind?: 'timeseries' | 'stat' | 'table' | 'bargauge';
  readonly queries: readonly Query[];
  /** Of 24 columns. */
  readonly width?: 6 | 8 | 12 | 24;
  /** Upper bound of the axis, in the unit. */
  readonly max?: number;
}

export interface DashboardSpec {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly PanelSpec[];
  /** Also a variable for steps. */
  readonly bySteps?: boolean;
}

const JOB = 'job=~"$job", instance=~"$instance", topology=~"$topology"';

/** Matchers of a metric that has a topology; `more` are further ones. */
export function of(
  name: MetricName | `${MetricName}_bucket` | `${MetricName}_sum` | `${MetricName}_count`,
  ...more: readonly string[]
): string {
  return `${name}{${[JOB, ...more].join(', ')}}`;
}

export const STEP = 'step=~"$step"';

export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

export function sumBy(labels: string, expr: string): string {
  return `sum by (${labels}) (${expr})`;
}

/** A quantile of a histogram, by label. */
export function quantile(q: number, labels: string, name: MetricName): string {
  return `histogram_quantile(${q}, ${sumBy(`le, ${labels}`, rate(of(`${name}_bucket`)))})`;
}

const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;
const HEIGHT = 8;

/** A dashboard as Grafana provisions it: read-only, every query by datasource, job, instance and topology. */
export function dashboard(spec: DashboardSpec): unknown {
  let x = 0;
  let y = 0;
  const panels = spec.panels.map((panel, i) => {
    const w = panel.width ?? 12;
    if (x + w > 24) {
      x = 0;
      y += HEIGHT;
    }
    const at = { x, y, w, h: HEIGHT };
    x += w;
    return panelJson(panel, i + 1, at);
  });
  return {
    uid: spec.uid,
    title: spec.title,
    description: spec.description,
    tags: ['sluice'],
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    schemaVersion: 39,
    time: { from: 'now-1h', to: 'now' },
    timezone: 'utc',
    links: [
      { type: 'dashboards', title: 'Sluice', tags: ['sluice'], asDropdown: true, includeVars: true, keepTime: true },
    ],
    templating: { list: variables(spec.bySteps === true) },
    panels,
  };
}

function panelJson(panel: PanelSpec, id: number, gridPos: unknown): unknown {
  const kind = panel.kind ?? 'timeseries';
  const instant = kind !== 'timeseries';
  return {
    id,
    type: kind,
    title: panel.title,
    description: panel.description,
    gridPos,
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: { unit: panel.unit, min: 0, ...(panel.max === undefined ? {} : { max: panel.max }) },
      overrides: [],
    },
    options: optionsOf(kind),
    targets: panel.queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      ...(instant ? { instant: true, range: false, ...(kind === 'table' ? { format: 'table' } : {}) } : {}),
    })),
  };
}

function optionsOf(kind: NonNullable<PanelSpec['kind']>): unknown {
  switch (kind) {
    case 'timeseries':
      return {
        legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
        tooltip: { mode: 'multi' },
      };
    case 'stat':
    case 'bargauge':
      return { reduceOptions: { calcs: ['lastNotNull'] } };
    case 'table':
      return { showHeader: true };
  }
}

function variables(bySteps: boolean): unknown[] {
  const query = (name: string, text: string) => ({
    name,
    type: 'query',
    datasource: DATASOURCE,
    query: { query: text, refId: name },
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: '.+',
    current: { text: ['All'], value: ['$__all'] },
  });
  return [
    { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' },
    query('job', 'label_values(sluice_build_info, job)'),
    query('instance', 'label_values(sluice_build_info{job=~"$job"}, instance)'),
    query('topology', 'label_values(sluice_commits_total{job=~"$job", instance=~"$instance"}, topology)'),
    ...(bySteps
      ? [
          query(
            'step',
            'label_values(sluice_records_total{job=~"$job", instance=~"$instance", topology=~"$topology"}, step)',
          ),
        ]
      : []),
  ];
}
