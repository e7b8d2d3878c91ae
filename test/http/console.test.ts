import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { reportPage } from '../../src/http/console/pages.ts';
import type { ConsoleSource } from '../../src/http/console/routes.ts';
import { ViewStream } from '../../src/http/console/view-stream.ts';
import { type HttpServer, startHttp } from '../../src/http/server.ts';
import type { SampleQuery } from '../../src/telemetry/samples.ts';
import { emptyView } from './view.ts';

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(more: Partial<ConsoleSource> = {}): Promise<string> {
  const source: ConsoleSource = { view: () => emptyView({ topology: 'shop' }), find: () => [], ...more };
  server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    metrics: async () => ({ contentType: 'text/plain', body: '' }),
    readiness: () => ({ ready: true, reasons: [], tasks: [] }),
    consoles: new Map([['shop', source]]),
  });
  return server.url;
}

describe('console routes', () => {
  it('serve a page that may load from this server alone, and runs no inline script', async () => {
    const page = await fetch(await start());
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(await page.text()).not.toMatch(/<script[^>]*>[^<]|https?:/);
  });

  it('give the view, and say so when there is no such topology', async () => {
    const url = await start();
    expect(await (await fetch(`${url}/api/view`)).json()).toMatchObject({ topology: 'shop' });
    expect(await (await fetch(`${url}/api/topologies`)).json()).toEqual(['shop']);
    expect((await fetch(`${url}/api/view?topology=other`)).status).toBe(404);
    expect((await fetch(`${url}/api/stream?topology=other`)).status).toBe(404);
  });

  it('hand a search on with its limits, whatever is asked', async () => {
    const asked: SampleQuery[] = [];
    const url = await start({
      find(query) {
        asked.push(query);
        return [];
      },
    });
    for (const query of [
      'rule=a&step=b&limit=10',
      'limit=1e9',
      'limit=-1',
      'text=%3Cb%3E&since=5',
      `text=${'x'.repeat(5000)}`,
    ])
      await fetch(`${url}/api/records?${query}`);
    expect(asked).toEqual([
      { rule: 'a', step: 'b', limit: 10 },
      { limit: 200 },
      { limit: 50 },
      { text: '<b>', since: 5, limit: 50 },
      { text: 'x'.repeat(500), limit: 50 },
    ]);
  });

  it('answer no page of another site, no other method, and no path beyond their list', async () => {
    const url = await start();
    const evil = await fetch(`${url}/api/view`, { headers: { origin: 'https://evil.example' } });
    expect(evil.status).toBe(403);
    expect((await fetch(`${url}/api/view`, { headers: { origin: 'null' } })).status).toBe(403);
    expect((await fetch(`${url}/api/view`, { headers: { origin: url } })).status).toBe(200);
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect((await fetch(`${url}/api/view`, { method })).status).toBe(404);
    for (const path of ['/../../package.json', '/%2e%2e/package.json', '/console.js/../../x', '/api/config'])
      expect(await statusOf(url, path)).toBe(404);
  });

  it('stream a whole view first, then what changed', async () => {
    let at = 1;
    const url = await start({ view: () => emptyView({ at: at++ }) });
    const abort = new AbortController();
    const response = await fetch(`${url}/api/stream`, { signal: abort.signal });
    const reader = response.body!.getReader();
    let text = '';
    while ((text.match(/\n\n/g) ?? []).length < 2) text += new TextDecoder().decode((await reader.read()).value);
    abort.abort();
    const [first = '', second = ''] = text.split('\n\n');
    expect(first).toMatch(/^event: view\ndata: /);
    expect(JSON.parse(second.replace(/^event: delta\ndata: /, ''))).toMatchObject({
      whole: { at: expect.any(Number) },
      keyed: {},
    });
  });
});

/** As it stands: fetch would tidy the path up first. */
function statusOf(url: string, path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    request({ host: hostname, port, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('a client that does not read', () => {
  it('is dropped when too much has piled up, and the others go on', async () => {
    const big = 'x'.repeat(3 * 1024 * 1024);
    let n = 0;
    const stream = new ViewStream(() => emptyView({ description: `${n++}${big}` }));
    const slow = stream.open()!.getReader();
    const quick = stream.open()!.getReader();
    const events: string[] = [];
    while (stream.dropped === 0) events.push(new TextDecoder().decode((await quick.read()).value).slice(0, 12));
    expect(events.length).toBeGreaterThan(1);
    await expect(
      slow
        .read()
        .then(() => slow.read())
        .then(() => slow.read()),
    ).rejects.toThrow('too slow');
    stream.close();
  });

  it('does not keep others out for ever: more than twenty are told to come back', () => {
    const stream = new ViewStream(() => emptyView());
    const open = Array.from({ length: 20 }, () => stream.open());
    expect(open.every((body) => body !== undefined)).toBe(true);
    expect(stream.open()).toBeUndefined();
    stream.close();
    expect(stream.open()).toBeDefined();
    stream.close();
  });
});

describe('a report', () => {
  it('cannot be left by data that closes elements or begins scripts', () => {
    const text = '</script><script>alert(1)</script><!--\u2028';
    const page = reportPage(
      { script: 'let a = "</script>"', style: '' },
      { view: emptyView({ topology: text }), records: [] },
    );
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    const data = /id="report">([^<]*)</.exec(page)?.[1] ?? '';
    expect(JSON.parse(data).view.topology).toBe(text);
  });
});
