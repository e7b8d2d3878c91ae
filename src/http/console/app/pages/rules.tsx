import { useEffect, useState } from 'preact/hooks';
import type { SampleView, View } from '../../../../telemetry/view.ts';
import { count, percent, visible } from '../format.ts';
import { Empty, LongTable, Panel, Spark } from '../parts.tsx';
import { RecordCard } from '../record.tsx';
import { findRecords, go, place, report } from '../state.ts';

const LIMIT = '20';
const HEAD = ['rule', 'step', 'severity', 'dimension', 'failed', 'of records'];

export function Rules({ view }: { view: View }) {
  const [filter, setFilter] = useState('');
  const wanted = filter.toLowerCase();
  const rows = Object.values(view.rules)
    .filter(({ rule, step, field }) => `${step} ${rule} ${field ?? ''}`.toLowerCase().includes(wanted))
    .sort((a, b) => b.failed - a.failed || (a.rule < b.rule ? -1 : 1));
  const chosen = { rule: place.value.query.get('rule') ?? '', step: place.value.query.get('step') ?? '' };
  return (
    <div class="grid">
      <Panel title={`Rules (${count(rows.length)})`} wide>
        <label class="field">
          filter <input type="search" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
        </label>
        <LongTable
          label="Rules"
          head={[...HEAD, ...(report === undefined ? ['last five minutes'] : [])]}
          rows={rows}
          keyOf={({ step, rule }) => `${step}/${rule}`}
          cells={(row) => (
            <>
              <td>
                <button type="button" class="link" onClick={() => go('rules', { rule: row.rule, step: row.step })}>
                  {visible(row.rule)}
                </button>
              </td>
              <td>{row.step}</td>
              <td>
                <span class={`tag ${row.severity}`}>{row.severity}</span>
              </td>
              <td>{row.dimension}</td>
              <td class="number">{count(row.failed)}</td>
              <td class="number">{percent(row.ratio)}</td>
              {report === undefined && (
                <td>
                  <Spark
                    values={row.spark}
                    label={`${row.spark.reduce((a, b) => a + b, 0)} failures in five minutes`}
                  />
                </td>
              )}
            </>
          )}
        />
      </Panel>
      {chosen.rule !== '' && (
        <LastRecords key={`${chosen.step}/${chosen.rule}`} {...chosen} failed={failedOf(view, chosen)} />
      )}
    </div>
  );
}

function failedOf(view: View, { rule, step }: { rule: string; step: string }): number {
  return view.rules[`${step}/${rule}`]?.failed ?? 0;
}

/** The newest records a rule failed for; asked for again when it fails again. */
function LastRecords({ rule, step, failed }: { rule: string; step: string; failed: number }) {
  const [records, setRecords] = useState<readonly SampleView[] | undefined>(undefined);
  const [error, setError] = useState('');
  useEffect(() => {
    findRecords({ rule, step, limit: LIMIT }).then(setRecords, (cause: Error) => setError(cause.message));
  }, [rule, step, failed]);
  return (
    <Panel title={`Last records: ${visible(rule)}`} wide>
      {error !== '' && <p role="alert">{error}</p>}
      {records?.length === 0 && <Empty>None was seen since this process began.</Empty>}
      {records?.map((record) => (
        <RecordCard key={record.id} record={record} rule={rule} />
      ))}
    </Panel>
  );
}
