import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommitReport } from '../../src/core/observer.ts';
import { emptyCounts } from '../../src/runtime/counters.ts';
import { METRICS } from '../../src/telemetry/catalogue.ts';
import { MAX_SERIES_PER_METRIC, PrometheusExporter } from '../../src/telemetry/prometheus.ts';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import { describeWithProgram } from '../support/debian.ts';
import { slowness } from '../support/slowness.ts';

const TASK = { topology: 'shop', stage: 'source', topic: 'in', partition: 0 };

function exporter(): PrometheusExporter {
  return new PrometheusExporter({ clock: new ManualClock(1e12), version: '1.0.0', node: 'v24', memoryLimitBytes: 1e9 });
}

/** One commit in which so many rules fail. */
function commit(rules: number): CommitReport {
  const findings = new Map(Array.from({ length: rules }, (_, i) => [`check\0rule-${i}\0error`, i + 1]));
  const counts = {
    ...emptyCounts(),
    in: 100,
    findings,
    fates: new Map([
      ['curated', 90],
      ['quarantined', 10],
    ]),
  };
  return {
    topology: 'shop',
    task: TASK,
    counts,
    seconds: 0.01,
    checkpointBytes: 5,
    position: 100,
    end: 120,
    streamTime: 999e9,
    stats: [],
  };
}

describe('the metrics page', () => {
  it('keeps every name, type and label it ever promised', () => {
    const promised = readFileSync(join(import.meta.dirname, 'metrics-api.txt'), 'utf8')
      .trim()
      .split('\n');
    const now = METRICS.map(({ name, type, labels }) => [name, type, ...labels].join(' '));
    expect(promised.filter((line) => !now.includes(line))).toEqual([]);
    expect(promised.length).toBeGreaterThan(30);
  });

  it('begins the series of a topology at 0, and scores what came', async () => {
    const page = exporter();
    page.watch(
      'shop',
      [{ step: 'check', rule: 'rule-0', severity: 'error', field: null, dimension: 'validity' }],
      [['watch', 'drift.alarm']],
    );
    const before = (await page.page()).body;
    expect(before).toContain('sluice_fates_total{topology="shop",fate="late"} 0');
    expect(before).toContain('sluice_findings_total{topology="shop",step="check",rule="rule-0",severity="error"} 0');
    expect(before).toContain('sluice_events_total{topology="shop",step="watch",type="drift.alarm"} 0');
    page.commit(commit(1));
    const { body } = await page.page();
    expect(body).toContain('sluice_quality_score{topology="shop",dimension="validity"} 0.99');
    expect(body).toContain('sluice_quality_score{topology="shop",dimension="overall"} 0.99');
    expect(body).toContain('sluice_consumer_lag_records{topology="shop",topic="in",partition="0"} 20');
  });

  it('forgets the gauges of a topology that goes on with another version, and counts on', async () => {
    const page = exporter();
    const other = { ...TASK, topology: 'other' };
    page.commit(commit(1));
    page.commit({ ...commit(1), topology: 'other', task: other });
    await page.forget('shop');
    const { body } = await page.page();
    const lag = (topology: string) => `sluice_consumer_lag_records{topology="${topology}",topic="in",partition="0"} 20`;
    expect(body).not.toContain(lag('shop'));
    expect(body).toContain(lag('other'));
    expect(body).toContain('sluice_input_records_total{topology="shop"} 100');
    expect(body).toContain('sluice_build_info');
  });

  it('tells no age of the checkpoint of a task that is not here any more', async () => {
    const page = exporter();
    const other = { ...TASK, topic: 'other' };
    page.commit(commit(1));
    page.commit({ ...commit(1), task: other });
    page.taskState(TASK, 'closed');
    const age = 'sluice_checkpoint_age_seconds{topology="shop",partition="0"}';
    expect((await page.page()).body).toContain(`${age} 0`);
    page.taskState(other, 'closed');
    expect((await page.page()).body).not.toContain(age);
  });

  it('adds up what is beyond its bound of series, and says so', async () => {
    const page = exporter();
    page.commit(commit(MAX_SERIES_PER_METRIC + 3));
    const { body } = await page.page();
    const beyond = [1, 2, 3].reduce((sum, i) => sum + MAX_SERIES_PER_METRIC + i, 0);
    expect(body).toContain(
      `sluice_findings_total{topology="shop",step="__overflow__",rule="__overflow__",severity="__overflow__"} ${beyond}`,
    );
    expect(body).toContain('sluice_metric_series_dropped_total{metric="sluice_findings_total"} 3');
  });

  it('costs at most 20 ms of processor time a scrape at 5,000 series', async () => {
    const page = exporter();
    const many = (n: number) => new Map(Array.from({ length: n }, (_, i) => [`step\0name-${i}`, i]));
    const report = commit(1900);
    page.commit({ ...report, counts: { ...report.counts, ports: many(1900), changes: many(1200) } });
    const { body } = await page.page();
    expect(body.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length).toBeGreaterThan(5000);
    const times: number[] = [];
    for (let i = 0; i < 15; i++) {
      const before = process.cpuUsage();
      await page.page();
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1000);
    }
    expect(Math.min(...times) / slowness()).toBeLessThanOrEqual(20);
  });
});

describeWithProgram('promtool', { name: 'promtool', debianPackage: 'prometheus' }, (promtool) => {
  it('finds nothing to say about the page', async () => {
    const page = exporter();
    page.watch('shop', [], []);
    page.commit(commit(3));
    page.batch('shop', 0.01);
    const { body } = await page.page();
    const checked = spawnSync(promtool, ['check', 'metrics'], { input: body, encoding: 'utf8' });
    expect(`${checked.stdout}${checked.stderr}`).toBe('');
    expect(checked.status).toBe(0);
  });
});
