import { useState } from 'preact/hooks';
import type { SampleView } from '../../../telemetry/view.ts';
import { instant, plain, visible } from './format.ts';

/** A record with why it is here: findings first, then the value as it came beside what the steps made of it. */
export function RecordCard({ record, rule }: { record: SampleView; rule?: string }) {
  const { origin } = record;
  const fields = new Set(record.findings.flatMap(({ field }) => field ?? []));
  const where =
    origin.part === undefined
      ? `${origin.topic}/${origin.partition} offset ${origin.offset}`
      : `${origin.part} record ${origin.record}`;
  return (
    <article class={`record ${record.fate}`}>
      <header>
        <strong>{visible(where)}</strong>
        <span class={`tag ${record.fate}`}>{record.fate}</span>
        {record.time !== null && <time>{instant(record.time)}</time>}
        <CopyCase record={record} />
      </header>
      <ul class="findings">
        {record.findings.map((finding) => (
          <li key={`${finding.step}/${finding.rule}/${finding.field}`} class={finding.rule === rule ? 'asked' : ''}>
            <span class={`tag ${finding.severity}`}>{finding.severity}</span> <code>{visible(finding.rule)}</code>{' '}
            {finding.field !== undefined && (
              <span>
                <b>{visible(finding.field)}</b>
                {finding.observed !== undefined && (
                  <>
                    {' '}
                    is <mark>{plain(finding.observed)}</mark>
                  </>
                )}
              </span>
            )}{' '}
            {finding.expected !== undefined && <span>expected {visible(finding.expected)}</span>}{' '}
            {finding.message !== undefined && <span>{visible(finding.message)}</span>}
            {finding.suggestion !== undefined && <em> try {visible(finding.suggestion)}</em>}
          </li>
        ))}
      </ul>
      <div class="values">
        <Value title="as it came" text={record.value} fields={fields} />
        {record.cleaned !== undefined && <Value title="cleaned" text={record.cleaned} fields={fields} />}
      </div>
    </article>
  );
}

function Value({ title, text, fields }: { title: string; text: string | undefined; fields: ReadonlySet<string> }) {
  if (text === undefined)
    return (
      <div>
        <h3>{title}</h3>
        <p class="empty">not shown</p>
      </div>
    );
  const members = membersOf(text);
  return (
    <div>
      <h3>{title}</h3>
      {members === undefined ? (
        <pre>{visible(text)}</pre>
      ) : (
        <dl>
          {members.map(([name, value]) => (
            <div key={name} class={fields.has(name) ? 'hit' : ''}>
              <dt>{visible(name)}</dt>
              <dd>{plain(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

/** Fields of an object, undefined for anything else (and for text that was cut). */
function membersOf(text: string): readonly (readonly [string, unknown])[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
  } catch {
    return undefined;
  }
}

/** The record as a case for `sluice test`. */
function CopyCase({ record }: { record: SampleView }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(testCase(record));
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return (
    <button type="button" class="quiet" onClick={() => void copy()} disabled={record.value === undefined}>
      {done ? 'copied' : 'copy as test case'}
    </button>
  );
}

export function testCase(record: SampleView): string {
  const rules = [...new Set(record.findings.map(({ rule }) => rule))];
  return [
    'cases:',
    `  - name: ${JSON.stringify(`${rules.join(', ')}: ${record.origin.topic} ${record.origin.offset}`)}`,
    '    input:',
    `      ${record.origin.topic}:`,
    `        - ${record.value ?? 'null'}`,
    '    expect: {}',
    '',
  ].join('\n');
}
