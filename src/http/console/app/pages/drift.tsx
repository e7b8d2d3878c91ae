import type { AlarmView, DistributionView, DriftHistory, View } from '../../../../telemetry/view.ts';
import { plain, visible } from '../format.ts';
import { Histogram } from '../histogram.tsx';
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
                  <th scope="col">task</th>
                  <th scope="col">pressure</th>
                  <th scope="col">lately</th>
                </tr>
              </thead>
              <tbody>
                {charts.slice(0, 100).map(([key, chart]) => (
                  <tr key={key}>
                    <td>{visible(chart.field)}</td>
                    <td>{chart.chart}</td>
                    <td>{visible(chart.task)}</td>
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
      <Distributions rows={Object.entries(view.distributions)} />
      <History rows={Object.entries(view.history).reverse()} />
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

function Distributions({ rows }: { rows: readonly (readonly [string, DistributionView])[] }) {
  if (rows.length === 0) return null;
  return (
    <Panel title="Reference and newest values" wide>
      <div class="tiles">
        {rows.map(([key, { field, segment, task, phase, records, histogram }]) => (
          <article key={key} class={`tile ${phase}`}>
            <header>
              <strong>{visible(field)}</strong>
              {segment !== undefined && <span>{visible(segment)}</span>}
              {phase === 'drifted' && <span class="tag error">in drift</span>}
              <span class="soft">{visible(task)}</span>
            </header>
            <Histogram of={histogram} after={`newest ${records}`} />
          </article>
        ))}
      </div>
    </Panel>
  );
}

function History({ rows }: { rows: readonly (readonly [string, DriftHistory])[] }) {
  if (rows.length === 0) return null;
  return (
    <Panel title="History by field" wide>
      {rows.slice(0, 100).map(([key, { field, segment, step, turns }]) => (
        <details key={key}>
          <summary>
            {visible(field)} {segment !== null && visible(segment)} <span class="soft">{step}</span>{' '}
            {turns.at(-1)?.type}
          </summary>
          <ol class="turns">
            {turns.map(({ type, time, said }, i) => (
              <li key={`${i}/${time}`}>
                {time !== null && <time>{time}</time>} {type}
                {said !== '' && <span class="soft"> {visible(said)}</span>}
              </li>
            ))}
          </ol>
        </details>
      ))}
    </Panel>
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
      {changePoint !== undefined && <p>changed at {whereOf(changePoint)}</p>}
      {effect !== undefined && <p>effect {effectOf(effect)}</p>}
      <Histogram of={histogram} />
      <details>
        <summary>everything the event says</summary>
        <Facts data={rest} />
      </details>
    </article>
  );
}

/** The first record of the change, as the cards of records name it. */
function whereOf(origin: unknown): string {
  if (typeof origin !== 'object' || origin === null) return plain(origin);
  const { topic, partition, offset, part, record } = origin as Readonly<Record<string, unknown>>; // judged just now
  return part === undefined
    ? `${plain(topic)}/${plain(partition)} offset ${plain(offset)}`
    : `${plain(part)} record ${plain(record)}`;
}

const EFFECTS: Readonly<Record<string, string>> = { sd: 'standard deviations', js: 'JS', psi: 'PSI', w1: 'W1' };

/** Largest words first: how far it moved, then the distances between the distributions. */
function effectOf(effect: unknown): string {
  if (typeof effect !== 'object' || effect === null) return plain(effect);
  const parts = Object.entries(EFFECTS).flatMap(([name, words]) => {
    const value = (effect as Readonly<Record<string, unknown>>)[name]; // judged just now
    if (typeof value !== 'number') return [];
    const number = Number(value.toPrecision(3));
    return name === 'sd' ? [`${number} ${words}`] : [`${words} ${number}`];
  });
  return parts.length === 0 ? plain(effect) : parts.join(', ');
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
