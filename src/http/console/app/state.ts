import { computed, signal } from '@preact/signals';
import type { SampleView, View } from '../../../telemetry/view.ts';
import { applyDelta, type ViewDelta } from '../view-delta.ts';

export interface Report {
  readonly view: View;
  readonly records: readonly SampleView[];
}

export const PAGES = [
  { id: 'overview', title: 'Overview' },
  { id: 'rules', title: 'Rules' },
  { id: 'records', title: 'Records' },
  { id: 'drift', title: 'Drift' },
  { id: 'trust', title: 'Votes and sources' },
  { id: 'duplicates', title: 'Duplicates and queries' },
  { id: 'tasks', title: 'Tasks' },
] as const;
export type PageId = (typeof PAGES)[number]['id'];

/** Undefined until the first view has come. */
export const view = signal<View | undefined>(undefined);
export const connection = signal<'connecting' | 'live' | 'lost' | 'report'>('connecting');
export const topologies = signal<readonly string[]>([]);
/** Page and what it is about, as in `#rules?rule=a&step=b`. */
export const place = signal(readPlace());
export const report: Report | undefined = readReport();

export const page = computed<PageId>(() => PAGES.find(({ id }) => id === place.value.page)?.id ?? 'overview');

function readReport(): Report | undefined {
  const text = document.getElementById('report')?.textContent;
  return text === undefined || text === null ? undefined : (JSON.parse(text) as Report); // written by reportPage
}

function readPlace(): { readonly page: string; readonly query: URLSearchParams } {
  const [name = '', query = ''] = location.hash.slice(1).split('?');
  return { page: name, query: new URLSearchParams(query) };
}

export function go(to: PageId, query: Readonly<Record<string, string>> = {}): void {
  const text = new URLSearchParams(query).toString();
  location.hash = text === '' ? to : `${to}?${text}`;
}

/** Opens the stream, or shows the report the page holds. */
export function start(): void {
  addEventListener('hashchange', () => {
    place.value = readPlace();
  });
  if (report !== undefined) {
    view.value = report.view;
    connection.value = 'report';
    return;
  }
  void fetch('/api/topologies')
    .then((response) => response.json())
    .then((names: string[]) => {
      topologies.value = names;
    });
  connect(new URLSearchParams(location.search).get('topology'));
}

function connect(topology: string | null): void {
  const source = new EventSource(`/api/stream${topology === null ? '' : `?topology=${encodeURIComponent(topology)}`}`);
  source.addEventListener('view', ({ data }) => {
    view.value = JSON.parse(data);
    connection.value = 'live';
  });
  source.addEventListener('delta', ({ data }) => {
    if (view.value !== undefined) view.value = applyDelta(view.value, JSON.parse(data) as ViewDelta);
  });
  source.onerror = () => {
    connection.value = 'lost'; // the browser tries again by itself
  };
}

/** Records behind a rule or a search, newest first. */
export async function findRecords(query: Readonly<Record<string, string>>): Promise<readonly SampleView[]> {
  if (report !== undefined) return report.records.filter((record) => isWanted(record, query));
  const named = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''));
  const topology = new URLSearchParams(location.search).get('topology');
  if (topology !== null) named.set('topology', topology);
  const response = await fetch(`/api/records?${named}`);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

function isWanted(record: SampleView, { rule, step, field, text }: Readonly<Record<string, string>>): boolean {
  const some = (test: (finding: SampleView['findings'][number]) => boolean) => record.findings.some(test);
  if (rule !== undefined && rule !== '' && !some((finding) => finding.rule === rule)) return false;
  if (step !== undefined && step !== '' && !some((finding) => finding.step === step)) return false;
  if (field !== undefined && field !== '' && !some((finding) => finding.field === field)) return false;
  return text === undefined || text === '' || JSON.stringify(record).toLowerCase().includes(text.toLowerCase());
}
