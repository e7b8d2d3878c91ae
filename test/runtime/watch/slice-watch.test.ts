import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import { eventsOf, type Fed, feed, lintCodes } from '../../support/topology.ts';

const topology = (slices: string, severity = 'error', more = '') => `
name: orders
input: { topic: in, format: json }
steps:
  - { id: sane, use: check, with: { rules: [{ name: positive, field: qty, min: 1, severity: ${severity} }] } }
output: { topic: out }
slices: ${slices}
commit: { every: 50ms, records: 200 }
checkpoint: { every: 200ms }
${more}
`;
const OVER = '{ over: [region, device], against: quarantined }';

function rows(seed: number, n = 20_000): Fed[] {
  return Array.from({ length: n }, (_, i) => {
    const inside = uniform(seed, i, 1) < 0.01;
    const region = inside ? 'atlantis' : `r${Math.floor(8 * uniform(seed, i, 2))}`;
    const bad = uniform(seed, i, 3) < (inside ? 0.2 : 0.02);
    return { value: { qty: bad ? 0 : 1, region, device: `d${i % 5}` }, time: 1_700_000_000_000 + i };
  });
}

const last = (driver: ReturnType<typeof feed>) => eventsOf(driver, 'orders.events').at(-1)!;

describe('slices of a topology', () => {
  it('against a rule that looks like a slip of the pen are warned of', () => {
    const codes = (against: string) => lintCodes(topology(`{ over: [region], against: ${against} }`, 'warn'));
    expect(codes('postive')).toEqual(['slices-rule']);
    for (const fine of ['positive', 'quarantined', 'late-event', 'qty.to-number']) expect(codes(fine)).toEqual([]);
  });

  it('are named by event, with support and bound', async () => {
    const driver = feed(topology(OVER), rows(1));
    await driver.end();
    const { type, data } = last(driver);
    expect(type).toBe('slices.changed');
    expect(data).toMatchObject({ against: 'quarantined', slices: [{ where: { region: 'atlantis' } }] });
    const [slice] = data.slices as { support: number; rate: number; restRate: number; ratioAtLeast: number }[];
    expect(slice!.support).toBeCloseTo(0.01, 2);
    expect(slice!.ratioAtLeast).toBeGreaterThan(1.25);
    expect(slice!.ratioAtLeast).toBeLessThan(slice!.rate / slice!.restRate);
  });

  it('are found against a rule that lets records pass', async () => {
    const driver = feed(topology('{ over: [region], against: positive }', 'warn'), rows(2));
    await driver.end();
    expect(last(driver).data).toMatchObject({ against: 'positive', slices: [{ where: { region: 'atlantis' } }] });
    expect(driver.values('orders.quarantine')).toEqual([]);
  });

  it.each([1, 7, 500])('are the same with batches of %i', async (cut) => {
    const all = feed(topology(OVER), rows(3, 6000));
    await all.end();
    const cutUp = feed(topology(OVER), rows(3, 6000), { cut });
    await cutUp.end();
    expect(all.values('orders.events').length).toBeGreaterThan(0);
    expect(cutUp.values('orders.events')).toEqual(all.values('orders.events'));
  });

  it('are the same when the run is killed again and again', async () => {
    const calm = feed(topology(OVER), rows(4, 8000), { cut: 100 });
    await calm.end();
    const killed = feed(topology(OVER), rows(4, 8000), { cut: 100 });
    let kills = 0;
    while (await killed.crashAt(25 + 8 * kills)) kills++;
    expect(kills).toBeGreaterThanOrEqual(10);
    await killed.end();
    expect(killed.values('orders.events')).toEqual(calm.values('orders.events'));
  });

  it('are not named by fields that must not show', () => {
    const more = 'redact: [region]\nquarantine: { value: redact }';
    expect(lintCodes(topology(OVER, 'error', more))).toContain('slices-redacted');
  });
});
