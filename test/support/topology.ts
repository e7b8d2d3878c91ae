import { createCodec } from '../../src/formats/index.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import { type DriverOptions, TopologyDriver } from '../../src/testing/topology-driver.ts';
import { lintTopology, parseTopology, planTopology } from '../../src/topology/index.ts';
import type { Plan } from '../../src/topology/plan.ts';

const OPTIONS = { operators: operatorRegistry(), formats: createCodec };
const WHERE = { file: 't.yaml', folder: import.meta.dirname };

/** The plan of a topology written as YAML, with the operators of the product. */
export function planOfText(text: string): Plan {
  return planTopology(parseTopology(text, WHERE), OPTIONS);
}

/** Codes of everything lint says. */
export function lintCodes(text: string): readonly string[] {
  return lintTopology(parseTopology(text, WHERE), OPTIONS).map(({ code }) => code);
}

export interface Fed {
  readonly value: unknown;
  readonly time: number;
}

/** A driver fed with records of one partition of the topic `in`; times are transport times, in milliseconds. */
export function feed(text: string, rows: readonly Fed[], options: DriverOptions = {}): TopologyDriver {
  const driver = new TopologyDriver(planOfText(text), options);
  driver.feed(
    'in',
    rows.map(({ value, time }) => ({ value: JSON.stringify(value), timestamp: time })),
  );
  return driver;
}

/** Events of a topic without their envelope. */
export function eventsOf(
  driver: TopologyDriver,
  topic: string,
): readonly { readonly type: string; readonly time: number; readonly data: Record<string, unknown> }[] {
  return driver.values(topic).map((text) => {
    const { type, time, data } = JSON.parse(text);
    return { type, time: Date.parse(time), data };
  });
}
