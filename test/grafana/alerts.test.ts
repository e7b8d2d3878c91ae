import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ALERTS } from '../../scripts/grafana/alerts.ts';
import { METRICS } from '../../src/telemetry/catalogue.ts';
import { describeWithProgram } from '../support/debian.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'grafana', 'alerts');

describe('alerts', () => {
  it.each(ALERTS.map((alert) => [alert.name, alert] as const))(
    '%s says what it means and what to do',
    (name, alert) => {
      expect(name).toMatch(/^Sluice[A-Z]\w+$/);
      expect(['critical', 'warning', 'info']).toContain(alert.severity);
      expect(alert.summary).toContain('{{');
      const runbook = readFileSync(join(root, 'docs', 'runbooks.md'), 'utf8');
      const section = runbook.split(/^## /m).find((text) => text.startsWith(`${name}\n`));
      expect(section ?? `docs/runbooks.md has no section ${name}`).toMatch(/1\. /);
      for (const [metric] of alert.expr.matchAll(/sluice_\w+/g))
        expect(METRICS.map((spec) => spec.name)).toContain(metric);
    },
  );

  it('cover what the pipeline can suffer from', () => {
    const { groups } = parse(readFileSync(join(folder, 'sluice.rules.yaml'), 'utf8'));
    expect(groups[0].rules.map((rule: { alert: string }) => rule.alert)).toEqual(ALERTS.map(({ name }) => name));
  });
});

describeWithProgram('alert rules', { name: 'promtool', debianPackage: 'prometheus' }, (promtool) => {
  const run = (...args: string[]) => execFileSync(promtool, args, { cwd: folder, encoding: 'utf8' });

  it('are rules', () => expect(run('check', 'rules', 'sluice.rules.yaml')).toContain(`${ALERTS.length} rules found`));

  it('fire in one case each, and stay quiet in another', () => {
    const { tests } = parse(readFileSync(join(folder, 'sluice.tests.yaml'), 'utf8'));
    expect(tests).toHaveLength(2 * ALERTS.length);
    expect(run('test', 'rules', 'sluice.tests.yaml')).toContain('SUCCESS');
  });
});
