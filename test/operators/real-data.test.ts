import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { check } from '../../src/operators/check.ts';
import { clean } from '../../src/operators/clean.ts';
import { describeWithData } from '../data.ts';
import { films, moviesOracle } from '../e2e/movies-oracle.ts';
import { runOperator } from '../support/collect-out.ts';

type Row = Readonly<Record<string, string | null>>;

/** Cells as a csv input gives them: texts, an empty one is null. */
function cells(path: string): Row[] {
  return parseCsv(readFileSync(path), { columns: true, cast: (value) => (value === '' ? null : value) });
}

describe('the list of films', () => {
  it('is judged as an independent loop judges it', async () => {
    const topology = parse(readFileSync(join(import.meta.dirname, '../../topologies/movies.yaml'), 'utf8'));
    const [tidy, sane] = topology.steps.map((step: { with: unknown }) => step.with);
    const list = films();
    const tidied = await runOperator(clean, tidy, list);
    const judged = await runOperator(
      check,
      sane,
      tidied.emissions.map((e) => e.record.data),
    );
    const oracle = moviesOracle(list);
    expect(judged.port(1)).toHaveLength(oracle.quarantined);
    const count = (rule: string) => judged.findings.filter((f) => f.rule === rule).length;
    expect(count('title.required')).toBe(oracle.missingTitle);
    expect(count('released-plausible')).toBe(oracle.released);
    expect([count('mpaa.required'), count('popular-unreviewed')]).toEqual([605, 74]);
  });
});

/** The four user rules of the set, as cleaning steps. */
const BEERS = {
  fields: {
    ounces: [{ replace: { pattern: '(?i)\\s*(?:oz|ounces?)\\b.*$', with: '' } }, 'to-number', 'to-string'],
    abv: [{ 'to-number': { percent: 'strip' as const } }, { round: 3 }, 'to-string'],
    ibu: [{ nulls: ['N/A'] }],
    state: [
      { derive: 'record.city.matches(" [A-Z]{2}$") ? record.city.substring(record.city.size() - 2) : record.state' },
    ],
    city: [{ replace: { pattern: ' [A-Z]{2}$', with: '' } }],
  },
};

describeWithData('beers', 'clean/beers', (folder) => {
  it('is repaired cell by cell, and the clean file passes unchanged', async () => {
    const dirty = cells(join(folder, 'dirty.csv'));
    const truth = cells(join(folder, 'clean.csv'));
    const config = BEERS as unknown as Parameters<typeof clean.create>[0];
    const repaired = await runOperator(clean, config, dirty);
    let wrong = 0;
    let changed = 0;
    let right = 0;
    repaired.emissions.forEach(({ record }, i) => {
      for (const [name, was] of Object.entries(dirty[i]!)) {
        const now = (record.data as Row)[name];
        const should = truth[i]![name];
        if (was !== should) wrong++;
        if (was !== now) changed++;
        if (was !== now && now === should) right++;
      }
    });
    expect({ wrong, changed, right }).toEqual({ wrong: 4362, changed: 4362, right: 4362 });

    const harm = await runOperator(clean, config, truth);
    expect(harm.emissions.filter((e) => e.record.patches !== undefined)).toEqual([]);
    expect(harm.findings).toEqual([]);
  });
});

describeWithData('adult', 'clean/adult', (folder) => {
  it('has its two constraints as rules, with the counts of a plain loop', async () => {
    const people = cells(join(folder, 'Adult1100_dirty.csv'));
    const rules = [
      { name: 'female-husband', cel: '!(record.Sex == "Female" && record.Relationship == "Husband")' },
      { name: 'male-wife', cel: '!(record.Sex == "Male" && record.Relationship == "Wife")' },
    ];
    const out = await runOperator(check, { rules }, people);
    const count = (rule: string) => out.findings.filter((f) => f.rule === rule).length;
    const plain = (sex: string, role: string) => people.filter((p) => p.Sex === sex && p.Relationship === role).length;
    expect(count('female-husband')).toBe(plain('Female', 'Husband'));
    expect(count('male-wife')).toBe(plain('Male', 'Wife'));
    expect(out.emissions).toHaveLength(people.length);
  });
});
