import { afterEach, describe, expect, it } from 'vitest';
import { type HttpOptions, type HttpServer, startHttp } from '../../src/http/server.ts';

let server: HttpServer | undefined;

async function start(options: Partial<HttpOptions> = {}): Promise<string> {
  server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'sluice_up 1\n' }),
    readiness: () => ({ ready: false, reasons: ['no task assigned'], tasks: [] }),
    ...options,
  });
  return server.url;
}

afterEach(async () => {
  await server?.close();
  server = undefined;
});

describe('http server', () => {
  it('serves metrics with their content type', async () => {
    const response = await fetch(`${await start()}/metrics`);
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    expect(await response.text()).toBe('sluice_up 1\n');
  });

  it('is alive while it is not ready, and says why it is not', async () => {
    const url = await start();
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ reasons: ['no task assigned'] });
  });

  it('refuses to listen beyond loopback without a token', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toThrow(/token/);
  });

  it('asks for the token everywhere but at the probes', async () => {
    const url = await start({ token: 's3cret' });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    expect((await fetch(`${url}/metrics`, { headers: { authorization: 'Bearer wrong!' } })).status).toBe(401);
    expect((await fetch(`${url}/metrics`, { headers: { authorization: 'Bearer s3cret' } })).status).toBe(200);
  });

  it('lets a browser ask a person for it', async () => {
    const url = await start({ token: 's3cret:with colon' });
    const asked = await fetch(`${url}/metrics`);
    expect(asked.headers.get('www-authenticate')).toMatch(/^Basic /);
    const basic = (pair: string) => ({ headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } });
    expect((await fetch(`${url}/metrics`, basic('ann:s3cret:with colon'))).status).toBe(200);
    for (const pair of ['ann:wrong', 's3cret', 'ann:', ''])
      expect((await fetch(`${url}/metrics`, basic(pair))).status).toBe(401);
    const digest = { headers: { authorization: 'Digest s3cret:with colon' } };
    expect((await fetch(`${url}/metrics`, digest)).status).toBe(401);
  });

  it('answers no foreign host name on loopback', async () => {
    const url = new URL(await start());
    const { request } = await import('node:http');
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request({ host: url.hostname, port: url.port, path: '/metrics', headers: { host: 'evil.example' } }, (res) => {
        res.resume();
        resolve(res.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it('names the address when it is taken', async () => {
    const url = new URL(await start());
    await expect(
      startHttp({
        host: '127.0.0.1',
        port: Number(url.port),
        metrics: async () => ({ contentType: '', body: '' }),
        readiness: () => ({ ready: true, reasons: [], tasks: [] }),
      }),
    ).rejects.toThrow(/cannot listen on 127\.0\.0\.1/);
  });
});
