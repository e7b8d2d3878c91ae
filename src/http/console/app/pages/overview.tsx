import type { View } from '../../../../telemetry/view.ts';
import { Chart } from '../chart.tsx';
import { count, instant, percent } from '../format.ts';
import { TopologyGraph } from '../graph.tsx';
import { Bar, Empty, Panel } from '../parts.tsx';
import { report } from '../state.ts';

const FATES = ['curated', 'quarantined', 'duplicate', 'late', 'routed', 'merged', 'held', 'dropped'] as const;

export function Overview({ view }: { view: View }) {
  const problems = Object.entries(view.problems).sort(([, a], [, b]) => (a.severity < b.severity ? -1 : 1));
  return (
    <div class="grid">
      <Panel title="Quality">
        <p class="figure">{view.score.overall === null ? '–' : percent(view.score.overall, 1)}</p>
        <p class="soft">
          of {report === undefined ? 'the last five minutes' : 'all'}, {count(view.score.records)} records
        </p>
        <ul class="bars">
          {Object.entries(view.score.dimensions).map(([name, share]) => (
            <li key={name}>
              <span>{name}</span>
              <Bar share={share} tone={share < 0.9 ? 'bad' : 'good'} />
            </li>
          ))}
        </ul>
      </Panel>
      <Panel title="What is wrong now">
        {problems.length === 0 ? (
          <Empty>Nothing.</Empty>
        ) : (
          <ul class="problems">
            {problems.map(([key, problem]) => (
              <li key={key} class={problem.severity}>
                <a href={`#${problem.page}`}>{problem.text}</a> <span class="soft">since {instant(problem.since)}</span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <Panel title="Records">
        <dl class="counts">
          <div>
            <dt>in</dt>
            <dd>{count(view.totals.in)}</dd>
          </div>
          {FATES.map((fate) => (
            <div key={fate} class={fate}>
              <dt>{fate}</dt>
              <dd>{count(view.totals.fates[fate] ?? 0)}</dd>
            </div>
          ))}
        </dl>
      </Panel>
      <Panel title="Topology" wide>
        {view.description !== null && <p class="soft">{view.description}</p>}
        <TopologyGraph graph={view.graph} flows={view.flows} />
      </Panel>
      {report === undefined && (
        <Panel title="Records a second" wide>
          <Chart
            label="Records a second"
            at={view.series.at}
            lines={[
              { label: 'in', color: '--accent', values: view.series.in },
              { label: 'quarantined', color: '--bad', values: view.series.quarantined },
              { label: 'duplicate', color: '--warn', values: view.series.duplicate },
            ]}
          />
        </Panel>
      )}
    </div>
  );
}
