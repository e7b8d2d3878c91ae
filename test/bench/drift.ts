import { existsSync } from 'node:fs';
import { normalQuantile } from '../../src/kernels/drift/normal.ts';
import { dataPath } from '../data.ts';
import { ColumnRun } from '../kernels/drift/column-run.ts';
import { targetChart } from '../kernels/drift/error-detector.ts';
import { FAMILIES, type Family, uniforms } from '../kernels/drift/families.ts';
import { CONCEPTS, type Concept, type ErrorDetector, runConcept } from '../kernels/drift/naive-bayes.ts';
import { AIMS, delays, falseAlarms, LONGER_REFERENCE, NULLS, NULLS_RUNS, REFERENCE } from '../kernels/drift/trials.ts';
import { DETECTORS } from './drift/detectors.ts';
import type { BenchOptions, Table } from './table.ts';

/** D1 asks for 30 references and more, of 300,000 records each. */
const LENGTH = 300_000;
const REFERENCES = 30;
const DELAY_RUNS = 500;

/** D1 to D4 and D8 of detect-drift, beside published detectors and the two that need no data. `--runs 1` takes a fifth of the streams. */
export async function run(options: BenchOptions): Promise<Table> {
  const rows: (readonly (string | number)[])[] = [];
  const wanted = (name: string): boolean => options.only.length === 0 || options.only.includes(name);
  const scale = Math.min(1, options.runs / 5);
  if (wanted('d1'))
    for (const family of Object.keys(FAMILIES) as Family[]) rows.push(alarmRow(family, options.seed, scale));
  if (wanted('d2'))
    for (const reference of [REFERENCE, LONGER_REFERENCE]) rows.push(...delayRows(reference, options.seed, scale));
  if (wanted('guarantee')) rows.push(...provedRows(options.seed, scale));
  if (wanted('d8')) rows.push(speedRow(options));
  const notes = [`seed ${options.seed}`];
  if (wanted('inputs')) notes.push(...inputNotes(options.seed, scale));
  if (wanted('concepts')) notes.push(...conceptNotes());
  return {
    title: 'detect-drift: one column, one false alarm promised in 10⁶ records',
    columns: ['measure', 'found', 'minimum', 'target', 'CPU s'],
    rows,
    notes,
  };
}

function alarmRow(family: Family, seed: number, scale: number): readonly (string | number)[] {
  const from = process.cpuUsage();
  const references = Math.ceil(REFERENCES * scale);
  const alarms = falseAlarms(family, { seed, references, length: LENGTH }).length;
  const million = (references * LENGTH) / 1e6;
  const most = `${(poissonUpper(alarms) / million).toFixed(2)} at 95 %`;
  const what = `D1 false alarms in 10⁶, ${family} (${alarms} in ${million} M; at most ${most})`;
  return [what, alarms / million, '≤ 3', '≤ 1', seconds(from)];
}

/** Upper end of the one-sided 95 % interval of a Poisson mean. Source: Garwood 1936, by the approximation of Wilson & Hilferty. */
function poissonUpper(count: number): number {
  const n = count + 1;
  return n * (1 - 1 / (9 * n) + 1.645 / (3 * Math.sqrt(n))) ** 3;
}

function delayRows(reference: number, seed: number, scale: number): (readonly (string | number)[])[] {
  return [...AIMS, NULLS].map((aim) => {
    const { name, change, minimum, target } = aim;
    const from = process.cpuUsage();
    const runs = Math.ceil(DELAY_RUNS * scale * (aim === NULLS ? NULLS_RUNS : 1));
    const { delay, changePoint } = delays(change, { seed, runs, reference });
    const what = `D2, D3 delay, ${name}, reference ${reference} (change point off by ${changePoint.toFixed(0)})`;
    return [what, delay, `≤ ${minimum}`, target === undefined ? '' : `≤ ${target}`, seconds(from)];
  });
}

/** The same delays where the run length is proved: no minimum is asked of them. */
function provedRows(seed: number, scale: number): (readonly (string | number)[])[] {
  return AIMS.map(({ name, change }) => {
    const from = process.cpuUsage();
    const runs = Math.ceil((DELAY_RUNS / 2) * scale);
    const { delay, changePoint } = delays(change, { seed, runs, reference: REFERENCE, guarantee: 'run-length' });
    const what = `proved run length, delay, ${name}, reference ${REFERENCE} (change point off by ${changePoint.toFixed(0)})`;
    return [what, delay, '', '', seconds(from)];
  });
}

function speedRow({ records, seed }: BenchOptions): readonly (string | number)[] {
  const u = uniforms(seed);
  const values = Float64Array.from({ length: 100_000 }, () => normalQuantile(u()));
  const run = new ColumnRun();
  const from = process.cpuUsage();
  for (let i = 0; i < records; i++) run.push(values[i % values.length]!);
  const spent = seconds(from);
  return ['D8 million values a second and core', records / 1e6 / Number(spent), '≥ 1', '≥ 3', spent];
}

function seconds(from: NodeJS.CpuUsage): string {
  const { user, system } = process.cpuUsage(from);
  return ((user + system) / 1e6).toFixed(2);
}

/** The detectors on N(0, 1): what they cry in control, and how late they are. */
function inputNotes(seed: number, scale: number): string[] {
  const length = Math.ceil(3_000_000 * scale);
  const ofErrors = new Set(['DDM', 'HDDM_W']);
  const candidates = Object.entries(DETECTORS).filter(([name]) => !ofErrors.has(name));
  return candidates.map(([name, make]) => {
    const u = uniforms(seed + 99);
    const detector = make();
    let alarms = 0;
    for (let i = 0; i < length; i++) if (detector.add(normalQuantile(u()))) alarms++;
    const late = [0.25, 0.5, 1].map((shift) => {
      let sum = 0;
      const runs = Math.ceil(100 * scale);
      for (let r = 0; r < runs; r++) sum += detectorDelay(make(), uniforms(seed * 31 + r), shift) / runs;
      return sum >= LONGEST ? '-' : sum.toFixed(0);
    });
    return `inputs, ${name}: ${((alarms / length) * 1e6).toFixed(1)} false alarms in 10⁶, delay ${late.join(' / ')} at .25 / .5 / 1 sd`;
  });
}

const LONGEST = 20_000;

function detectorDelay(detector: { add(value: number): boolean }, u: () => number, shift: number): number {
  for (let i = 0; i < 10_000; i++) detector.add(normalQuantile(u()));
  for (let i = 1; i <= LONGEST; i++) if (detector.add(normalQuantile(u()) + shift)) return i;
  return LONGEST;
}

function conceptNotes(): string[] {
  const notes: string[] = [];
  for (const concept of Object.keys(CONCEPTS) as Concept[]) {
    if (!existsSync(dataPath(CONCEPTS[concept].file))) {
      notes.push(`D4 ${concept}: data set is missing, skipped`);
      continue;
    }
    const candidates: [string, ErrorDetector][] = [['detect-drift', targetChart()]];
    for (const [name, make] of Object.entries(DETECTORS)) {
      const detector = make();
      candidates.push([name, { add: (error) => detector.add(error ? 1 : 0) }]);
    }
    for (const [name, detector] of candidates) {
      const { delay, found, wrong, errors, drifts } = runConcept(concept, detector);
      const late = Number.isNaN(delay) ? '-' : delay.toFixed(0);
      notes.push(
        `D4 ${concept}, ${name}: delay ${late}, found ${found} of ${drifts}, false ${wrong}, errors ${(errors * 100).toFixed(2)} %`,
      );
    }
  }
  return notes;
}
