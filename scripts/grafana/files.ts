import { stringify } from 'yaml';
import { alertRules, alertTests } from './alerts.ts';
import { DASHBOARDS } from './dashboards.ts';
import { dashboard } from './panels.ts';

/** Everything below grafana/: dashboards, how Grafana finds them, alert rules and their tests. */
export function grafanaFiles(): { path: string; content: string }[] {
  return [
    ...DASHBOARDS.map((spec) => ({
      path: `grafana/dashboards/${spec.uid}.json`,
      content: `${JSON.stringify(dashboard(spec), null, 2)}\n`,
    })),
    {
      path: 'grafana/provisioning/datasources/prometheus.yaml',
      content: stringify({
        apiVersion: 1,
        datasources: [
          {
            name: 'Prometheus',
            uid: 'prometheus',
            type: 'prometheus',
            access: 'proxy',
            url: 'http://prometheus:9090',
            isDefault: true,
          },
        ],
      }),
    },
    {
      path: 'grafana/provisioning/dashboards/sluice.yaml',
      content: stringify({
        apiVersion: 1,
        providers: [
          {
            name: 'sluice',
            folder: 'Sluice',
            type: 'file',
            allowUiUpdates: false,
            options: { path: '/var/lib/grafana/dashboards' },
          },
        ],
      }),
    },
    { path: 'grafana/alerts/sluice.rules.yaml', content: alertRules() },
    { path: 'grafana/alerts/sluice.tests.yaml', content: alertTests() },
  ];
}
