import type { ChildProcess } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DASHBOARDS } from '../../scripts/grafana/dashboards.ts';
import { METRICS } from '../../src/telemetry/catalogue.ts';
import { root } from '../e2e/cli.ts';
import { serve } from '../e2e/serve.ts';
import { describeWithProgram } from '../support/debian.ts';
import { EVERYTHING, everythingRecords, FEEDBACK, feedbackRecords } from './everything.ts';
import { Prometheus } from './prometheus.ts';

/** Panels of what only Kafka has: `npm test` shows them on a real broker elsewhere. */
const ON_KAFKA = new RegExp(
  METRICS.filter(({ help }) => help.startsWith('Kafka:'))
    .map(({ name }) => name)
    .join('|'),
);

describeWithProgram(
  'a real Prometheus over a live run',
  { name: 'prometheus', debianPackage: 'prometheus' },
  (program) => {
    let dir = '';
    let prometheus: Prometheus;
    const runs: ChildProcess[] = [];
    let records = 4000;

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'sluice-live-'));
      writeFileSync(join(dir, 'everything.yaml'), EVERYTHING);
      writeFileSync(join(dir, 'all.ndjson'), everythingRecords(0, records));
      writeFileSync(join(dir, 'feedback.yaml'), FEEDBACK);
      for (const [topic, text] of Object.entries(feedbackRecords())) writeFileSync(join(dir, `${topic}.ndjson`), text);
      const targets: string[] = [];
      for (const [name, topics] of [
        ['everything', ['all']],
        ['feedback', ['claims', 'verdicts']],
      ] as const) {
        const [run, url] = await serve(dir, name, topics);
        runs.push(run);
        targets.push(new URL(url).host);
      }
      prometheus = await Prometheus.start(
        program,
        targets,
        readFileSync(join(root, 'grafana/alerts/sluice.rules.yaml'), 'utf8'),
      );
      await prometheus.until(
        'both are scraped',
        async () => (await prometheus.query('sluice_build_info')).length === 2,
      );
    }, 120_000);
    afterAll(async () => {
      for (const run of runs) run.kill('SIGKILL');
      await prometheus?.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    /** More of the same. */
    function feed(shift = 0): void {
      appendFileSync(join(dir, 'all.ndjson'), everythingRecords(records, 200, shift));
      records += 200;
    }

    it('gives data for every panel of every dashboard', { timeout: 180_000 }, async () => {
      const waiting = new Map(
        DASHBOARDS.flatMap((board) =>
          board.panels.map(
            (panel) => [`${board.title}, ${panel.title}`, panel.queries.map(({ expr }) => expr)] as const,
          ),
        ).filter(([, queries]) => !queries.every((expr) => ON_KAFKA.test(expr))),
      );
      const total = waiting.size;
      await prometheus
        .until('all panels have data', async () => {
          feed();
          for (const [name, queries] of waiting) {
            for (const expr of queries) {
              // a ratio of a topology that stands still is no number
              const sample = (await prometheus.query(asked(expr))).find(({ value }) => !Number.isNaN(Number(value[1])));
              if (sample === undefined) continue;
              console.info(`${name}: ${sample.value[1]}`);
              waiting.delete(name);
              break;
            }
          }
          return waiting.size === 0;
        })
        .catch(() => {}); // what is missing is said below
      expect([...waiting.keys()]).toEqual([]);
      expect(total).toBeGreaterThan(30);
    });

    it('pages nobody while the data are as they were, and pages with the step when a field shifts', {
      timeout: 180_000,
    }, async () => {
      const drift = async () =>
        (await prometheus.alerts()).filter(({ labels }) => labels.alertname === 'SluiceDriftAlarm');
      expect(await drift()).toEqual([]);
      await prometheus.until('the alert fires', async () => {
        feed(3);
        return (await drift()).length > 0;
      });
      const [alert] = await drift();
      expect(alert?.labels).toMatchObject({
        topology: 'everything',
        step: 'watch',
        field: 'temperature',
        severity: 'critical',
      });
      expect(alert?.annotations.summary).toContain('temperature is in drift');
      expect(alert?.annotations.runbook_url).toContain('sluicedriftalarm');
      await prometheus.until('it resolves after the recovery', async () => {
        feed();
        return (await drift()).length === 0;
      });
    });
  },
);

/** As Grafana would ask, with everything chosen. */
function asked(expr: string): string {
  return expr.replaceAll(/\$(job|instance|topology|step)\b/g, '.+').replaceAll('$__rate_interval', '15s');
}
