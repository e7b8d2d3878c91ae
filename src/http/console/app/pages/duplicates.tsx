import type { View } from '../../../../telemetry/view.ts';
import { bytes, count, percent } from '../format.ts';
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
    </div>
  );
}
