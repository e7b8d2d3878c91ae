import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface Truth {
  readonly records: number;
  readonly curated: number;
  readonly quarantine: number;
  readonly curated_cents: number;
  readonly seed: number;
}

export function readTruth(file: string): Truth {
  return JSON.parse(readFileSync(file, 'utf8')) as Truth; // written by the generator
}

/** What is wrong with the outputs of a variant; empty when they are right. Quarantine may hold copies of a bad record. */
export async function verify(files: { curated: string; quarantine: string }, truth: Truth): Promise<string[]> {
  const problems: string[] = [];
  const good = await tally(files.curated);
  const bad = await tally(files.quarantine);
  const expect = (what: string, found: number, expected: number): void => {
    if (found !== expected) problems.push(`${what}: ${found}, expected ${expected}`);
  };
  expect('curated lines', good.lines, truth.curated);
  expect('curated ids', good.ids.size, truth.curated);
  expect('sum of curated cents', good.cents, truth.curated_cents);
  expect('quarantined ids', bad.ids.size, truth.quarantine);
  for (const id of bad.ids) if (good.ids.has(id)) problems.push(`${id} is curated and quarantined`);
  return problems.slice(0, 5);
}

async function tally(file: string): Promise<{ lines: number; cents: number; ids: Set<string> }> {
  const result = { lines: 0, cents: 0, ids: new Set<string>() };
  if (!existsSync(file)) return result;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { value, ...record } = JSON.parse(line);
    const order = value ?? record;
    result.lines++;
    result.ids.add(order.id);
    result.cents += Math.round(Number(String(order.amount).replaceAll(',', '')) * 100);
  }
  return result;
}
