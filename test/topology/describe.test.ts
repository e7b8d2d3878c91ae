import { describe, expect, it } from 'vitest';
import { describe as describePlanAsData } from '../../src/topology/describe.ts';
import { describePlan } from '../../src/topology/index.ts';
import { plan, yaml } from './literal-operators.ts';

const TEXT = `
  name: films
  input: { topic: films.raw, format: csv, key: [id], eventTime: at, lateness: 1m }
  steps:
    - { id: clean, use: tidy, with: { set: [title], secret: "$\{env:KEY}" } }
    - { id: by-item, use: repartition, with: { key: [item] } }
    - { id: unique, use: once, with: { key: [item], window: all } }
  output: { topic: films.curated }
  outputs: { unique.duplicates: films.again }
  kafka: { sasl: { mechanism: plain, username: films, password: hush } }
`;
const made = () => plan(TEXT, { env: { KEY: 'hush' } });

describe('describing a plan', () => {
  it('as text, whole', () => {
    const text = describePlan(made(), 'text').replace(/fingerprint [0-9a-f]{16}/, 'fingerprint F');
    expect(text).toBe(
      yaml(`
        topology films
          exactly-once, fingerprint F

        stage source: reads films.raw (csv)
          key [id], event time at, lateness 1m
          clean: tidy, no state, reads input
            out (pass) -> by-item
          by-item: repartition, no state, reads clean.out
            out (pass) -> topic films.by-item.repartition

        stage by-item: reads films.by-item.repartition (json)
          key [item], lateness 1m
          unique: once, state by key, reads input
            out (pass) -> topic films.curated
            duplicates (duplicate) -> topic films.again
            late (late) -> nowhere

        events: films.events
        quarantine: films.quarantine
      `),
    );
  });

  it('as Mermaid, with a node for every topic and step', () => {
    expect(describePlan(made(), 'mermaid')).toBe(
      yaml(`
        flowchart LR
          n0[("films.raw")]
          n1["clean"]
          n0 --> n1
          n2["by-item"]
          n1 --> n2
          n3[("films.by-item.repartition")]
          n2 --> n3
          n4["unique"]
          n3 --> n4
          n5[("films.curated")]
          n4 --> n5
          n6[("films.again")]
          n4 -->|duplicates| n6
      `),
    );
  });

  it('as JSON that reads back to the same data, the same each time', () => {
    const json = describePlan(made(), 'json');
    expect(JSON.parse(json)).toEqual(describePlanAsData(made()));
    expect(describePlan(made(), 'json')).toBe(json);
  });

  it.each(['text', 'json', 'mermaid'] as const)('secrets and the connection do not show in %s', (format) => {
    expect(made().stages[0]!.steps[0]!.config).toMatchObject({ secret: 'hush' });
    expect(describePlan(made(), format)).not.toContain('hush');
  });
});
