import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { describeWithData } from '../data.ts';
import { sluice } from './cli.ts';

/** Temperature rises by 1.5 standard deviations at reading 4,500; the spikes before it are no drift. */
const CHANGE = 4500;

describeWithData('the sensor example', '../examples/sensor.yaml', (file) => {
  it.each(['as it stands', 'without its repair step'])(
    '%s raises one alarm, at the change',
    async (how) => {
      const folder = mkdtempSync(join(tmpdir(), 'sluice-sensor-'));
      try {
        const topology = parse(readFileSync(file, 'utf8'));
        if (how !== 'as it stands') topology.steps = topology.steps.slice(1);
        writeFileSync(join(folder, 'sensor.yaml'), stringify(topology));
        const data = join(file, '..', 'data', 'sensor.csv');
        const args = [
          'run',
          join(folder, 'sensor.yaml'),
          '--local',
          folder,
          '--topic',
          `sensor.raw=${data}`,
          '--quiet',
        ];
        expect(await sluice(args)).toMatchObject({ code: 0, stderr: '' });
        const events = readFileSync(join(folder, 'sensor.events.ndjson'), 'utf8').trim().split('\n');
        const alarms = events.map((line) => JSON.parse(line)).filter(({ type }) => type === 'drift.alarm');
        expect(alarms).toHaveLength(1);
        const { field, chart, changePoint, detectedAt, effect, severity, incident } = alarms[0].data;
        expect({ field, chart, severity }).toEqual({ field: 'temperature', chart: 'location', severity: 'major' });
        expect(Math.abs(changePoint.offset - CHANGE)).toBeLessThan(30);
        expect(detectedAt.offset - CHANGE).toBeLessThan(60);
        expect(Object.keys(effect)).toEqual(['js', 'psi', 'w1', 'sd']);
        expect(incident).toMatch(/^[0-9a-f]{16}$/);
        expect(alarms[0].source).toBe('sluice/sensor/drift');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    60_000,
  );
});
