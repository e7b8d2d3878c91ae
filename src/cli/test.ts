import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { createCodec } from '../formats/index.ts';
import { TopologyDriver } from '../testing/topology-driver.ts';
import { planTopology } from '../topology/index.ts';
import type { Plan } from '../topology/plan.ts';
import { EXIT } from './exit.ts';
import { load } from './load.ts';
import { readCases, type TestCase, type TopicExpected } from './test-cases.ts';
import { timeParser } from './time-parser.ts';

export function addTest(program: Command): void {
  program
    .command('test')
    .description('run the cases of <name>.test.yaml beside a topology')
    .argument('<topology...>')
    .action(async (paths: readonly string[]) => {
      let failed = 0;
      for (const path of paths) failed += await testTopology(path);
      process.exitCode = failed > 0 ? EXIT.failed : EXIT.ok;
    });
}

/** Prints a line a case; gives the number that failed. */
async function testTopology(path: string): Promise<number> {
  const loaded = await load(path);
  // cases give values, not their spelling: csv rows, lines of text and values of a registry are written as objects
  const formats = (format: string, options: Readonly<Record<string, unknown>>) =>
    format === 'bytes' ? createCodec(format, options) : createCodec('json');
  const plan = planTopology(loaded.topology, {
    operators: loaded.operators,
    formats,
    env: process.env,
    onePartition: true,
  });
  let failed = 0;
  for (const one of readCases(path)) {
    const problems = await runCase(plan, one);
    process.stdout.write(`${problems.length === 0 ? 'ok' : 'FAILED'}  ${plan.name}: ${one.name}\n`);
    for (const problem of problems) process.stdout.write(`        ${problem}\n`);
    if (problems.length > 0) failed++;
  }
  return failed;
}

/** Twice: all at once, and record by record with a checkpoint and a restart in the middle. Both must give the same, and what is expected. */
async function runCase(plan: Plan, one: TestCase): Promise<string[]> {
  const whole = new TopologyDriver(plan, { run: { timeParser } });
  for (const [topic, values] of Object.entries(one.input)) whole.feed(topic, values.map(payload));
  await whole.end();
  const cut = new TopologyDriver(plan, { cut: 1, run: { timeParser } });
  for (const half of ['first', 'second'] as const) {
    for (const [topic, values] of Object.entries(one.input)) {
      const middle = Math.ceil(values.length / 2);
      cut.feed(topic, (half === 'first' ? values.slice(0, middle) : values.slice(middle)).map(payload));
    }
    if (half === 'second') break;
    await cut.advance(1000);
    await cut.pause();
  }
  await cut.end();
  const problems: string[] = [];
  for (const [topic, expected] of Object.entries(one.expect)) {
    problems.push(...compare(topic, whole, expected));
    if (!isDeepStrictEqual(comparable(whole, topic, plan), comparable(cut, topic, plan)))
      problems.push(`${topic}: another cut of the batches, with a restart, gave something else`);
  }
  return problems;
}

/** Between several inputs there is no order but that of arrival, which depends on the cut: values count, not their order or cause. */
function comparable(driver: TopologyDriver, topic: string, plan: Plan): readonly string[] {
  const inputs = plan.stages.flatMap((stage) => stage.inputs.filter((input) => !input.internal));
  return inputs.length > 1 ? [...driver.values(topic)].sort() : driver.lines(topic);
}

/** A text is the value as it is written; anything else its JSON. */
function payload(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function compare(topic: string, driver: TopologyDriver, expected: TopicExpected): string[] {
  const { count, records, rules } = Array.isArray(expected) ? { records: expected } : expected;
  const values = driver.values(topic);
  const problems: string[] = [];
  const length = count ?? records?.length ?? rules?.length;
  if (length !== undefined && values.length !== length)
    problems.push(`${topic}: ${length} records expected, ${values.length} found`);
  for (const [i, record] of (records ?? []).entries()) {
    const value = values[i];
    if (value !== undefined && !matches(parsed(value), record))
      problems.push(`${topic} record ${i}: expected ${JSON.stringify(record)}, found ${value}`);
  }
  const found = rules === undefined ? [] : foundRules(topic, driver);
  for (const [i, names] of (rules ?? []).entries()) {
    if (!isDeepStrictEqual(found[i] ?? [], names))
      problems.push(
        `${topic} record ${i}: rules ${names.join(', ')} expected, ${(found[i] ?? []).join(', ') || 'none'} found`,
      );
  }
  return problems;
}

function foundRules(topic: string, driver: TopologyDriver): string[][] {
  return driver.read(topic).map(({ headers }) => {
    const header = headers.find(({ name }) => name === 'sluice-findings');
    const findings: { rule: string }[] = header?.value == null ? [] : JSON.parse(Buffer.from(header.value).toString());
    return findings.map(({ rule }) => rule);
  });
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Every key that is expected is there with its value; a list must have the same length. */
function matches(found: unknown, expected: unknown): boolean {
  if (Array.isArray(expected)) {
    return (
      Array.isArray(found) && found.length === expected.length && expected.every((item, i) => matches(found[i], item))
    );
  }
  if (expected === null || typeof expected !== 'object') return isDeepStrictEqual(found, expected);
  if (found === null || typeof found !== 'object') return false;
  return Object.entries(expected).every(
    ([key, value]) => Object.hasOwn(found, key) && matches((found as Record<string, unknown>)[key], value),
  ); // an own key
}
