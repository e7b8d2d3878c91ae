import type { Context, Hono } from 'hono';
import type { SampleQuery } from '../../telemetry/samples.ts';
import type { SampleView, View } from '../../telemetry/view.ts';
import { consoleAssets } from './assets.ts';
import { CONSOLE_PAGE, CONSOLE_POLICY } from './pages.ts';
import { ViewStream } from './view-stream.ts';

/** What the console shows of one topology. */
export interface ConsoleSource {
  view(): View;
  /** Newest first. */
  find(query: SampleQuery): readonly SampleView[] | Promise<readonly SampleView[]>;
}

const MAX_QUERY_CHARS = 500;
const MAX_RECORDS = 200;
const DEFAULT_RECORDS = 50;

/** The console: a page, its script and style, the view as JSON and as a stream of changes, and the records behind it. Read-only. */
export function consoleRoutes(app: Hono, sources: ReadonlyMap<string, ConsoleSource>): { close(): void } {
  const streams = new Map([...sources].map(([name, source]) => [name, new ViewStream(() => source.view())]));
  app.use('/api/*', sameOrigin);
  app.get('/', (c) => c.body(CONSOLE_PAGE, 200, page('text/html; charset=utf-8')));
  app.get('/console.js', async (c) =>
    c.body((await consoleAssets()).script, 200, page('text/javascript; charset=utf-8')),
  );
  app.get('/console.css', async (c) => c.body((await consoleAssets()).style, 200, page('text/css; charset=utf-8')));
  app.get('/api/topologies', (c) => c.json([...sources.keys()]));
  app.get('/api/view', (c) => {
    const source = sourceOf(c, sources);
    return source === undefined ? c.json({ error: 'no such topology' }, 404) : c.json(source.view());
  });
  app.get('/api/records', async (c) => {
    const source = sourceOf(c, sources);
    if (source === undefined) return c.json({ error: 'no such topology' }, 404);
    return c.json(await source.find(queryOf(c)));
  });
  app.get('/api/stream', (c) => {
    const stream = streams.get(c.req.query('topology') ?? firstOf(sources) ?? '');
    if (stream === undefined) return c.json({ error: 'no such topology' }, 404);
    const body = stream.open();
    if (body === undefined) return c.json({ error: 'too many consoles are open' }, 503);
    return c.body(body, 200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  });
  return {
    close() {
      for (const stream of streams.values()) stream.close();
    },
  };
}

function page(contentType: string): Record<string, string> {
  return { 'content-type': contentType, 'content-security-policy': CONSOLE_POLICY };
}

function firstOf(sources: ReadonlyMap<string, ConsoleSource>): string | undefined {
  return sources.keys().next().value;
}

function sourceOf(c: Context, sources: ReadonlyMap<string, ConsoleSource>): ConsoleSource | undefined {
  return sources.get(c.req.query('topology') ?? firstOf(sources) ?? '');
}

function queryOf(c: Context): SampleQuery {
  const text = (name: string) => c.req.query(name)?.slice(0, MAX_QUERY_CHARS);
  const limit = Number(text('limit') ?? DEFAULT_RECORDS);
  const since = Number(text('since') ?? Number.NaN);
  const query: Record<string, unknown> = {
    limit: Number.isInteger(limit) && limit > 0 ? Math.min(limit, MAX_RECORDS) : DEFAULT_RECORDS,
    ...(Number.isFinite(since) ? { since } : {}),
  };
  for (const name of ['rule', 'step', 'field', 'text'] as const) {
    const value = text(name);
    if (value !== undefined && value !== '') query[name] = value;
  }
  return query as unknown as SampleQuery; // filled with its keys just now
}

/** A page of another site may not read: browsers name the origin of such requests. */
async function sameOrigin(c: Context, next: () => Promise<void>): Promise<Response | undefined> {
  const origin = c.req.header('origin');
  if (origin !== undefined && URL.canParse(origin) && new URL(origin).host !== c.req.header('host'))
    return c.json({ error: 'another origin' }, 403);
  if (origin !== undefined && !URL.canParse(origin)) return c.json({ error: 'another origin' }, 403);
  await next();
  return undefined;
}
