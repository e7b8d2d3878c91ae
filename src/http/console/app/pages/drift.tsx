import type { AlarmView, View } from '../../../../telemetry/view.ts';
import { plain, visible } from '../format.ts';
import { Bar, Empty, Panel, Spark, Wide } from '../parts.tsx';

const NEAR = 0.8;

export function Drift({ view }: { view: View }) {
  const charts = Object.entries(view.charts).sort(([, a], [, b]) => b.pressure - a.pressure);
  const alarms = Object.entries(view.alarms).reverse();
  const profiles = Object.entries(view.profiles);
  return (
    <div class="grid">
      <Panel title="Alarms" wide>
        {alarms.length === 0 && <Empty>None since this process began.</Empty>}
        {alarms.map(([key, alarm]) => (
          <Alarm key={key} alarm={alarm} />
        ))}
      </Panel>
      <Panel title="How near each chart is to its alarm" wide>
        {charts.length === 0 ? (
          <Empty>No step watches for drift, or it is still warming up.</Empty>
        ) : (
          <Wide label="Pressure of charts">
            <table>
              <thead>
                <tr>
                  <th scope="col">field</th>
                  <th scope="col">chart</th>
                  <th scope="col">step</th>
                  <th scope="col">pressure</th>
                  <th scope="col">lately</th>
                </tr>
              </thead>
              <tbody>
                {charts.slice(0, 100).map(([key, chart]) => (
                  <tr key={key}>
                    <td>{visible(chart.field)}</td>
                    <td>{chart.chart}</td>
                    <td>{chart.step}</td>
                    <td>
                      <Bar
                        share={chart.pressure}
                        tone={chart.pressure >= 1 ? 'bad' : chart.pressure >= NEAR ? 'warn' : 'good'}
                      />
                    </td>
                    <td>
                      <Spark values={chart.spark} max={1} label={`pressure of ${chart.field} ${chart.chart}`} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Wide>
        )}
      </Panel>
      {profiles.length > 0 && (
        <Panel title="Profiles" wide>
          {profiles.slice(0, 100).map(([key, { step, time, data }]) => (
            <details key={key}>
              <summary>
                {visible(String(data.field ?? key))}{' '}
                <span class="soft">
                  {step} {time ?? ''}
                </span>
              </summary>
              <Facts data={data} />
            </details>
          ))}
        </Panel>
      )}
    </div>
  );
}

function Alarm({ alarm }: { alarm: AlarmView }) {
  const { before, after, effect, field, segment, chart, changePoint, severity, ...rest } = alarm.data;
  return (
    <article class={`alarm ${alarm.state}`}>
      <header>
        <strong>{field === undefined ? alarm.type : plain(field)}</strong>
        {segment !== undefined && segment !== null && <span>{plain(segment)}</span>}
        <span class={`tag ${alarm.state === 'open' ? 'error' : 'good'}`}>{alarm.state}</span>
        <span class="soft">
          {alarm.type}, {alarm.step}
          {chart === undefined ? '' : `, chart ${plain(chart)}`}
          {alarm.time === null ? '' : `, ${alarm.time}`}
          {severity === undefined ? '' : `, ${plain(severity)}`}
        </span>
      </header>
      {changePoint !== undefined && <p>changed at {plain(changePoint)}</p>}
      {effect !== undefined && <p>effect {plain(effect)}</p>}
      <Histograms before={before} after={after} />
      <details>
        <summary>everything the event says</summary>
        <Facts data={rest} />
      </details>
    </article>
  );
}

/** Reference and current shares, bin by bin, side by side. */
function Histograms({ before, after }: { before: unknown; after: unknown }) {
  const [reference, current] = [shares(before), shares(after)];
  if (reference.length === 0 || current.length === 0) return null;
  const top = Math.max(...reference, ...current, 1e-9);
  const bins = Math.max(reference.length, current.length);
  const column = (values: readonly number[], i: number, side: number) => (
    <rect
      key={i}
      x={(i + side * 0.45) * 10}
      width={4}
      y={60 - ((values[i] ?? 0) / top) * 58}
      height={((values[i] ?? 0) / top) * 58}
    />
  );
  return (
    <figure>
      <svg
        class="histogram"
        viewBox={`0 0 ${bins * 10} 60`}
        preserveAspectRatio="none"
        role="img"
        aria-label="Reference and current distribution"
      >
        <g class="reference">{reference.map((_, i) => column(reference, i, 0))}</g>
        <g class="current">{current.map((_, i) => column(current, i, 1))}</g>
      </svg>
      <figcaption>
        <span class="key reference" /> reference <span class="key current" /> current
      </figcaption>
    </figure>
  );
}

/** Numbers of a histogram, however it is told: a list, a list of bins with a share or a count, or a map. */
function shares(histogram: unknown): readonly number[] {
  if (histogram === null || typeof histogram !== 'object') return [];
  const list = Array.isArray(histogram)
    ? histogram
    : 'shares' in histogram && Array.isArray(histogram.shares)
      ? histogram.shares
      : Object.values(histogram);
  const numbers = list.map((bin: unknown) => {
    if (typeof bin === 'number') return bin;
    const { share, count } = (bin ?? {}) as { share?: unknown; count?: unknown };
    return Number(share ?? count ?? Number.NaN);
  });
  return numbers.every(Number.isFinite) ? numbers : [];
}

export function Facts({ data }: { data: Readonly<Record<string, unknown>> }) {
  return (
    <dl class="facts">
      {Object.entries(data).map(([name, value]) => (
        <div key={name}>
          <dt>{visible(name)}</dt>
          <dd>{plain(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
