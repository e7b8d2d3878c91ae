import { EVENTS, METRICS } from '../src/telemetry/catalogue.ts';

/** docs/metrics.md: every metric and every event, from the catalogue. */
export function cataloguePage(): { path: string; content: string } {
  const metrics = METRICS.map(
    ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help} |`,
  );
  const events = EVENTS.map(({ type, help, data }) => {
    const fields = Object.entries(data).map(([field, meaning]) => `\`${field}\`: ${meaning}`);
    return `| \`${type}\` | ${help} | ${fields.join('; ')} |`;
  });
  return {
    path: 'docs/metrics.md',
    content: `# Metrics and events

Generated from the catalogue by \`npm run generate\`. Names and labels are API: adding is free, renaming is a breaking change.

## Metrics

Served at \`/metrics\` with \`--http\`. A metric has at most 2,000 series; further ones count under \`__overflow__\`.

| metric | type | labels | meaning |
|---|---|---|---|
${metrics.join('\n')}

## Events

CloudEvents 1.0 in the topic \`<name>.events\`: functions of the data, so a replay gives the same ones.

| type | meaning | data |
|---|---|---|
${events.join('\n')}
`,
  };
}
