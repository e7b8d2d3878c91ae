import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { DASHBOARDS } from '../../scripts/grafana/dashboards.ts';
import { dashboard } from '../../scripts/grafana/panels.ts';
import { METRICS } from '../../src/telemetry/catalogue.ts';
import { describeWithProgram } from '../support/debian.ts';

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: { readonly uid: string };
}

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly datasource: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly w: number };
  readonly fieldConfig: { readonly defaults: { readonly unit: string } };
  readonly targets: readonly Target[];
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly editable: boolean;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly refresh?: number }[];
  };
  readonly panels: readonly Panel[];
}

const boards = DASHBOARDS.map((spec) => dashboard(spec) as Dashboard); // as Grafana reads it
const panels = boards.flatMap((board) => board.panels.map((panel) => [board.title, panel.title, panel] as const));

/** The rules of grafana/dashboard-linter that bear on dashboards of metrics. */
describe('dashboards', () => {
  it.each(boards.map((board) => [board.title, board] as const))('%s: variables, title, read-only', (_title, board) => {
    expect(board.editable).toBe(false);
    expect(board.description).not.toBe('');
    const names = board.templating.list.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['datasource', 'job', 'instance', 'topology']));
    for (const { type, refresh } of board.templating.list) if (type === 'query') expect(refresh).toBe(2); // on a new time range
    expect(new Set(board.panels.map(({ title }) => title)).size).toBe(board.panels.length);
  });

  it('have names of their own', () => {
    expect(new Set(boards.map(({ uid }) => uid)).size).toBe(boards.length);
    expect(boards.map(({ title }) => title)).toEqual(
      ['Overview', 'Rules', 'Drift', 'Votes and sources', 'Dedup and queries', 'Pipeline health'].map(
        (name) => `Sluice / ${name}`,
      ),
    );
  });

  it.each(panels)('%s, %s: title, description, unit, data source, queries', (_board, _title, panel) => {
    expect(panel.description).toMatch(/\.$/);
    expect(panel.fieldConfig.defaults.unit).not.toBe('');
    expect(panel.datasource.uid).toBe('$datasource');
    expect(panel.targets.length).toBeGreaterThan(0);
    expect(panel.gridPos.x + panel.gridPos.w).toBeLessThanOrEqual(24);
    for (const { expr, legendFormat, datasource } of panel.targets) {
      expect(legendFormat).not.toBe('');
      expect(datasource.uid).toBe('$datasource');
      for (const matchers of expr.match(/sluice_\w+\{[^}]*\}/g) ?? [])
        expect(matchers).toContain('job=~"$job", instance=~"$instance"');
      expect(expr.match(/sluice_\w+/g)?.length).toBe(expr.match(/sluice_\w+\{/g)?.length);
    }
  });

  it.each(panels)(
    '%s, %s: counters by rate or increase over $__rate_interval, gauges never',
    (_board, _title, panel) => {
      for (const { expr } of panel.targets) {
        for (const [, call = '', name = ''] of expr.matchAll(/(\w*)\(?(sluice_\w+)\{/g)) {
          const spec = METRICS.find((metric) => metric.name === name.replace(/_(bucket|sum|count)$/, ''));
          expect([name, spec !== undefined]).toEqual([name, true]);
          const isCounter = spec?.type !== 'gauge';
          expect([name, /^(rate|increase)$/.test(call)]).toEqual([name, isCounter]);
        }
        for (const [range] of expr.matchAll(/\[[^\]]+\]/g)) expect(range).toBe('[$__rate_interval]');
      }
    },
  );

  it('give every metric of the catalogue a place', () => {
    const shown = panels.flatMap(([, , panel]) => panel.targets.map(({ expr }) => expr)).join('\n');
    const missing = METRICS.map(({ name }) => name).filter(
      (name) => !new RegExp(`\\b${name}\\b`).test(shown.replace(/_(bucket|sum|count)\{/g, '{')),
    );
    expect(missing).toEqual([]);
  });
});

describeWithProgram('PromQL of the panels', { name: 'promtool', debianPackage: 'prometheus' }, (promtool) => {
  it('parses', () => {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-promql-'));
    try {
      const rules = panels.flatMap(([, , panel]) =>
        panel.targets.map(({ expr }, i) => ({
          record: `panel:query:${i}`,
          expr: expr.replaceAll('$__rate_interval', '5m'),
        })),
      );
      writeFileSync(join(dir, 'rules.yaml'), stringify({ groups: [{ name: 'panels', rules }] }));
      const printed = execFileSync(promtool, ['check', 'rules', '--lint=none', join(dir, 'rules.yaml')], {
        encoding: 'utf8',
      });
      expect(printed).toContain(`${rules.length} rules found`);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
