import type { View } from '../../src/telemetry/view.ts';

export function emptyView(more: Partial<View> = {}): View {
  return {
    topology: 't',
    description: null,
    at: 1,
    seconds: 0,
    graph: { nodes: [], edges: [] },
    flows: {},
    totals: { in: 0, fates: {}, written: {} },
    series: { at: [], in: [], quarantined: [], duplicate: [] },
    score: { overall: null, dimensions: {}, records: 0 },
    problems: {},
    rules: {},
    charts: {},
    distributions: {},
    alarms: {},
    history: {},
    voters: {},
    duplicates: {},
    groups: {},
    profiles: {},
    tasks: {},
    events: [],
    ...more,
  };
}
