import { useEffect, useState } from 'preact/hooks';
import type { SampleView, View } from '../../../../telemetry/view.ts';
import { Empty, Panel } from '../parts.tsx';
import { RecordCard } from '../record.tsx';
import { findRecords } from '../state.ts';

const LIMIT = '100';

/** Search of the records that show something: by rule, field, time, text. */
export function Records({ view }: { view: View }) {
  const [query, setQuery] = useState({ rule: '', field: '', text: '', since: '' });
  const [records, setRecords] = useState<readonly SampleView[] | undefined>(undefined);
  const [error, setError] = useState('');
  const search = () => {
    const since = query.since === '' ? '' : String(Date.parse(`${query.since}Z`));
    findRecords({ ...query, since, limit: LIMIT }).then(
      (found) => {
        setRecords(found);
        setError('');
      },
      (cause: Error) => setError(cause.message),
    );
  };
  useEffect(search, []);
  const rules = [...new Set(Object.values(view.rules).map(({ rule }) => rule))].sort();
  const set = (name: keyof typeof query) => (event: { currentTarget: { value: string } }) =>
    setQuery({ ...query, [name]: event.currentTarget.value });
  return (
    <div class="grid">
      <Panel title="Records" wide>
        <form
          class="search"
          onSubmit={(event) => {
            event.preventDefault();
            search();
          }}
        >
          <label class="field">
            text <input id="search" type="search" value={query.text} onInput={set('text')} />
          </label>
          <label class="field">
            rule <input list="known-rules" value={query.rule} onInput={set('rule')} />
          </label>
          <datalist id="known-rules">
            {rules.slice(0, 500).map((rule) => (
              <option key={rule} value={rule} />
            ))}
          </datalist>
          <label class="field">
            field <input value={query.field} onInput={set('field')} />
          </label>
          <label class="field">
            since (UTC) <input type="datetime-local" value={query.since} onInput={set('since')} />
          </label>
          <button type="submit">search</button>
        </form>
        {error !== '' && <p role="alert">{error}</p>}
        {records?.length === 0 && <Empty>No record fits.</Empty>}
        {records?.map((record) => (
          <RecordCard key={record.id} record={record} rule={query.rule} />
        ))}
      </Panel>
    </div>
  );
}
