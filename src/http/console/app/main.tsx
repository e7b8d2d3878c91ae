import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import './console.css';
import { Drift } from './pages/drift.tsx';
import { Duplicates } from './pages/duplicates.tsx';
import { Overview } from './pages/overview.tsx';
import { Records } from './pages/records.tsx';
import { Rules } from './pages/rules.tsx';
import { Tasks } from './pages/tasks.tsx';
import { Trust } from './pages/trust.tsx';
import { connection, go, PAGES, type PageId, page, report, start, topologies, view } from './state.ts';

const BODIES = {
  overview: Overview,
  rules: Rules,
  records: Records,
  drift: Drift,
  trust: Trust,
  duplicates: Duplicates,
  tasks: Tasks,
} as const;

const WORDS = {
  connecting: 'connecting…',
  live: 'live',
  lost: 'connection lost, trying again',
  report: 'report',
} as const;

function App() {
  useEffect(() => {
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const now = view.value;
  const Body = BODIES[page.value];
  return (
    <>
      <a class="skip" href="#main">
        to the content
      </a>
      <header class="top">
        <h1>{now?.topology ?? 'Sluice'}</h1>
        <Topologies current={now?.topology} />
        <nav aria-label="Pages">
          {PAGES.map(({ id, title }, i) => (
            <a key={id} href={`#${id}`} aria-current={page.value === id ? 'page' : undefined} title={`key ${i + 1}`}>
              {title}
            </a>
          ))}
        </nav>
        <p class={`state ${connection.value}`} role="status">
          {WORDS[connection.value]}
        </p>
        <Theme />
      </header>
      <main id="main" tabIndex={-1}>
        {now === undefined ? (
          <p class="empty">Waiting for the first view.</p>
        ) : report === undefined ? (
          <Body view={now} />
        ) : (
          <Everything />
        )}
      </main>
    </>
  );
}

/** A report prints from top to bottom: all pages, one after another. */
function Everything() {
  const now = view.value;
  if (now === undefined) return null;
  return (
    <>
      {PAGES.map(({ id, title }) => {
        const Body = BODIES[id];
        return (
          <section key={id} id={id} class="chapter">
            <h2 class="chapter-title">{title}</h2>
            <Body view={now} />
          </section>
        );
      })}
    </>
  );
}

function Topologies({ current }: { current: string | undefined }) {
  if (topologies.value.length < 2) return null;
  const choose = (name: string) => {
    location.search = `?topology=${encodeURIComponent(name)}`;
  };
  return (
    <label class="topologies">
      topology{' '}
      <select value={current ?? ''} onChange={(event) => choose(event.currentTarget.value)}>
        {topologies.value.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function Theme() {
  const turn = () => {
    const { dataset } = document.documentElement;
    const dark =
      dataset.theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : dataset.theme === 'dark';
    dataset.theme = dark ? 'light' : 'dark';
  };
  return (
    <button type="button" class="quiet" onClick={turn}>
      dark / light
    </button>
  );
}

/** 1 to 7 open the pages, / goes to the search of records. */
function onKey(event: KeyboardEvent): void {
  const target = event.target as HTMLElement; // events of keys have one
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  const chosen: PageId | undefined = event.key === '/' ? 'records' : PAGES[Number(event.key) - 1]?.id;
  if (chosen === undefined) return;
  event.preventDefault();
  go(chosen);
  if (event.key === '/') setTimeout(() => document.getElementById('search')?.focus());
}

start();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
