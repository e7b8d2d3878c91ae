import { timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono, type MiddlewareHandler } from 'hono';
import { ConfigError } from '../core/errors.ts';
import type { RestoreProgress } from '../core/observer.ts';
import { type ConsoleSource, consoleRoutes } from './console/routes.ts';

export interface Readiness {
  readonly ready: boolean;
  /** Why not, in words; one line a reason. */
  readonly reasons: readonly string[];
  readonly tasks: readonly { readonly task: string; readonly state: string; readonly progress?: RestoreProgress }[];
}

export interface HttpOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Asked for (as Bearer, or as a password) for everything but the probes; must be set unless the host is loopback. */
  readonly token?: string;
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  readiness(): Readiness;
  /** By topology; absent: no console. */
  readonly consoles?: ReadonlyMap<string, ConsoleSource>;
}

export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
const PROBES = new Set(['/livez', '/readyz']);

/** Probes, metrics and the console; read-only. `/livez` never depends on the broker, `/readyz` says what is missing. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const loopback = LOOPBACK.has(options.host);
  if (!loopback && options.token === undefined) {
    throw new ConfigError(
      `--http ${options.host}:${options.port} is reachable from elsewhere: give --http-token-file or SLUICE_HTTP_TOKEN, or listen on 127.0.0.1`,
      { code: 'http-token-missing' },
    );
  }
  const app = new Hono();
  app.use(securityHeaders);
  if (loopback) app.use(hostCheck);
  if (options.token !== undefined) app.use(tokenCheck(options.token));
  app.get('/livez', (c) => c.text('ok\n'));
  app.get('/readyz', (c) => {
    const readiness = options.readiness();
    return c.json(readiness, readiness.ready ? 200 : 503);
  });
  app.get('/metrics', async (c) => {
    const page = await options.metrics();
    return c.body(page.body, 200, { 'content-type': page.contentType });
  });
  const consoles = consoleRoutes(app, options.consoles ?? new Map());
  return listen(app, options, consoles);
}

function listen(app: Hono, options: HttpOptions, consoles: { close(): void }): Promise<HttpServer> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: options.host, port: options.port }, (info: AddressInfo) => {
      const host = info.family === 'IPv6' ? `[${info.address}]` : info.address;
      resolve({
        url: `http://${host}:${info.port}`,
        close: () =>
          new Promise((done) => {
            consoles.close();
            server.close(() => done());
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.once('error', (cause: Error) =>
      reject(
        new ConfigError(`cannot listen on ${options.host}:${options.port}: ${cause.message}`, {
          code: 'http-listen',
          cause,
        }),
      ),
    );
  });
}

const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  c.header('x-content-type-options', 'nosniff');
  c.header('referrer-policy', 'no-referrer');
  if (!c.res.headers.has('content-security-policy')) c.header('content-security-policy', "default-src 'none'");
  c.header('cache-control', 'no-store');
};

/** On loopback a page of another site may reach us by DNS rebinding: only loopback names are served. */
const hostCheck: MiddlewareHandler = async (c, next) => {
  const host = (c.req.header('host') ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (!LOOPBACK.has(host)) return c.text('unknown host\n', 403);
  return next();
};

/** The token as `Bearer`, or as the password of `Basic`, which is what a browser asks a person for. */
function tokenCheck(token: string): MiddlewareHandler {
  const expected = Buffer.from(token);
  return async (c, next) => {
    const given = Buffer.from(tokenOf(c.req.header('authorization') ?? ''));
    if (PROBES.has(c.req.path) || (given.length === expected.length && timingSafeEqual(given, expected))) return next();
    c.header('www-authenticate', 'Basic realm="sluice", charset="UTF-8"');
    return c.text('a token is needed: send it as Authorization: Bearer …, or as the password of any user\n', 401);
  };
}

function tokenOf(authorization: string): string {
  const [scheme = '', credentials = ''] = authorization.split(' ');
  if (/^bearer$/i.test(scheme)) return credentials;
  if (!/^basic$/i.test(scheme)) return '';
  const pair = Buffer.from(credentials, 'base64').toString();
  return pair.slice(pair.indexOf(':') + 1);
}
