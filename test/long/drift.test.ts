import { expect, it } from 'vitest';
import { FAMILIES, type Family } from '../kernels/drift/families.ts';
import { falseAlarms } from '../kernels/drift/trials.ts';

const REFERENCES = 100;
const LENGTH = 300_000;

it.each(Object.keys(FAMILIES) as Family[])(
  '30 million records of %s raise at most 3 false alarms in a million',
  (family) => {
    const alarms = falseAlarms(family, { seed: 4711, references: REFERENCES, length: LENGTH }).length;
    console.log(`${family}: ${((alarms / (REFERENCES * LENGTH)) * 1e6).toFixed(2)} false alarms in 10⁶ (${alarms})`);
    expect((alarms / (REFERENCES * LENGTH)) * 1e6).toBeLessThanOrEqual(3);
  },
);
