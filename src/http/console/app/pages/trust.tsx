import type { TrustView, View } from '../../../../telemetry/view.ts';
import { count, visible } from '../format.ts';
import { Bar, Empty, LongTable, Panel } from '../parts.tsx';
import { go } from '../state.ts';

export function Trust({ view }: { view: View }) {
  const all = Object.values(view.voters);
  const revised = view.events.filter(({ type }) => /\.revised$/.test(type)).length;
  return (
    <div class="grid">
      <People title="Voters" rows={all.filter(({ kind }) => kind === 'voter')} share="accuracy" number="votes" />
      <People title="Sources" rows={all.filter(({ kind }) => kind === 'source')} share="trust" number="claims" />
      <Panel title="Revisions">
        <p class="figure">{count(revised)}</p>
        <p class="soft">
          among the newest events;{' '}
          <button type="button" class="link" onClick={() => go('overview')}>
            overview
          </button>
        </p>
      </Panel>
    </div>
  );
}

function People({
  title,
  rows,
  share,
  number,
}: {
  title: string;
  rows: readonly TrustView[];
  share: string;
  number: string;
}) {
  const value = (row: TrustView, name: string) => Number(row.data[name] ?? Number.NaN);
  const sorted = [...rows].sort((a, b) => value(a, share) - value(b, share));
  return (
    <Panel title={`${title} (${count(rows.length)})`} wide>
      {rows.length === 0 ? (
        <Empty>None has been reported yet.</Empty>
      ) : (
        <LongTable
          label={title}
          head={['name', 'step', share, 'interval', number, 'remarks']}
          rows={sorted}
          keyOf={({ step, name }) => `${step}/${name}`}
          cells={(row) => (
            <>
              <td>{visible(row.name)}</td>
              <td>{row.step}</td>
              <td>
                <Bar share={value(row, share)} tone={value(row, share) < 0.6 ? 'bad' : 'good'} />
              </td>
              <td class="number">
                {Number.isNaN(value(row, 'low'))
                  ? ''
                  : `${value(row, 'low').toFixed(2)} – ${value(row, 'high').toFixed(2)}`}
              </td>
              <td class="number">{Number.isNaN(value(row, number)) ? '' : count(value(row, number))}</td>
              <td>{remarks(row)}</td>
            </>
          )}
        />
      )}
    </Panel>
  );
}

function remarks({ data }: TrustView): string {
  const parts = [
    data.excluded === true ? 'excluded' : '',
    Array.isArray(data.copies) && data.copies.length > 0 ? `copies ${JSON.stringify(data.copies)}` : '',
    data.copiesFrom === undefined || data.copiesFrom === null ? '' : `copies from ${JSON.stringify(data.copiesFrom)}`,
  ];
  return visible(parts.filter((part) => part !== '').join(', '));
}
