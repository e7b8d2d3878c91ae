import type { AlarmView, View } from '../../../../telemetry/view.ts';
import { percent, plain, visible } from '../format.ts';
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
  const { histogram, effect, field, segment, chart, changePoint, severity, ...rest } = alarm.data;
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
      <Histogram bins={binsOf(histogram)} />
      <details>
        <summary>everything the event says</summary>
        <Facts data={rest} />
      </details>
    </article>
  );
}

interface BinShare {
  readonly label: string;
  readonly before: number;
  readonly after: number;
}

/** Shares before and after the change, bin by bin or category by category. */
function Histogram({ bins }: { bins: readonly BinShare[] }) {
  if (bins.length === 0) return null;
  const top = Math.max(...bins.flatMap(({ before, after }) => [before, after]), 1e-9);
  const column = (share: number, at: number) => (
    <rect x={at} width={4} y={60 - (share / top) * 58} height={(share / top) * 58} />
  );
  return (
    <figure>
      <svg
        class="histogram"
        viewBox={`0 0 ${bins.length * 10} 60`}
        preserveAspectRatio="none"
        role="img"
        aria-label="Reference and current distribution"
      >
        {bins.map(({ label, before, after }, i) => (
          <g key={label}>
            <title>{`${label}: ${percent(before)} before, ${percent(after)} after`}</title>
            <g class="reference">{column(before, i * 10 + 0.5)}</g>
            <g class="current">{column(after, i * 10 + 5)}</g>
          </g>
        ))}
      </svg>
      <figcaption>
        <span class="key reference" /> reference <span class="key current" /> since the change
        <span class="soft">
          {' '}
          from {visible(bins[0]?.label ?? '')} to {visible(bins.at(-1)?.label ?? '')}
        </span>
      </figcaption>
    </figure>
  );
}

/** Bins as the event tells them: `from` and `to` of a number, or a `category`, with the shares `before` and `after`. */
function binsOf(histogram: unknown): readonly BinShare[] {
  if (!Array.isArray(histogram)) return [];
  return histogram.flatMap((bin: Readonly<Record<string, unknown>>) => {
    const before = Number(bin.before);
    const after = Number(bin.after);
    const label =
      'category' in bin ? plain(bin.category ?? 'others') : `${plain(bin.from ?? '')} to ${plain(bin.to ?? '')}`;
    return Number.isFinite(before) && Number.isFinite(after) ? [{ label, before, after }] : [];
  });
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
