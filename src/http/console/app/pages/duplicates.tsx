import type { DuplicateView, GroupView, View } from '../../../../telemetry/view.ts';
import { bytes, count, percent, visible } from '../format.ts';
import { Bar, Empty, Panel, Wide } from '../parts.tsx';

export function Duplicates({ view }: { view: View }) {
  const rows = Object.values(view.duplicates);
  return (
    <div class="grid">
      <Panel title="Steps that remove or recognize what repeats" wide>
        {rows.length === 0 ? (
          <Empty>This topology has none.</Empty>
        ) : (
          <Wide label="Steps">
            <table>
              <thead>
                <tr>
                  <th scope="col">step</th>
                  <th scope="col">operator</th>
                  <th scope="col">seen</th>
                  <th scope="col">repeated</th>
                  <th scope="col">share</th>
                  <th scope="col">remembered</th>
                  <th scope="col">memory</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.step}>
                    <td>{row.step}</td>
                    <td>{row.use}</td>
                    <td class="number">{count(row.seen)}</td>
                    <td class="number">{count(row.duplicates)}</td>
                    <td>
                      <Bar
                        share={row.seen === 0 ? 0 : row.duplicates / row.seen}
                        text={percent(row.seen === 0 ? 0 : row.duplicates / row.seen)}
                      />
                    </td>
                    <td class="number">{count(row.entries)}</td>
                    <td class="number">{bytes(row.bytes)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Wide>
        )}
      </Panel>
      {rows
        .filter(({ use }) => use !== 'dedup')
        .map((row) => (
          <Groups key={row.step} of={row} groups={Object.values(view.groups).filter(({ step }) => step === row.step)} />
        ))}
    </div>
  );
}

/** What repeats most, each with how its members are written. */
function Groups({ of, groups }: { of: DuplicateView; groups: readonly GroupView[] }) {
  const what = of.use === 'dedup-queries' ? 'Queries asked most' : 'Largest clusters';
  const sorted = [...groups].sort((a, b) => b.count - a.count);
  return (
    <Panel title={`${what}: ${of.step}`} wide>
      {sorted.length === 0 && (
        <Empty>Nothing has repeated since this process began, or its field may not be shown.</Empty>
      )}
      {sorted.map(({ key, count: n, error, first, members }) => (
        <article key={key} class="group">
          <header>
            <strong>
              {error > 0 ? 'at most ' : ''}
              {count(n)} more
            </strong>
            {of.use === 'dedup-near' && <code>{visible(key)}</code>}
          </header>
          <dl>
            <div>
              <dt>first</dt>
              <dd>
                {first === undefined ? <span class="soft">came too long ago to be at hand</span> : visible(first)}
              </dd>
            </div>
            {members.map(({ text, note }) => (
              <div key={text}>
                <dt>{visible(note)}</dt>
                <dd>{visible(text)}</dd>
              </div>
            ))}
          </dl>
        </article>
      ))}
    </Panel>
  );
}
