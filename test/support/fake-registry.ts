import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Mood = 'up' | 'reset' | 'unavailable' | 'redirect' | 'silent' | 'huge' | 'forbidden';

export interface FakeRegistry {
  readonly url: string;
  /** Schemas by id: `{ schema }`, as the registry answers. */
  readonly schemas: Map<number, Record<string, unknown>>;
  /** Lines like `GET /schemas/ids/1`, as they came. */
  readonly asked: string[];
  /** What it does with the next question; asked for each. */
  mood: () => Mood;
  /** Answers come so much later, milliseconds. */
  delayMs: number;
  /** Adds an Avro schema, and gives its id. */
  add(schema: unknown, more?: Record<string, unknown>): number;
  close(): Promise<void>;
}

/** A schema registry of one map: ids, registration without checks, one compatibility rule a subject. It can be out in several ways. */
export async function fakeRegistry(): Promise<FakeRegistry> {
  const schemas = new Map<number, Record<string, unknown>>();
  const config = new Map<string, string>();
  const asked: string[] = [];
  const add = (schema: unknown, more: Record<string, unknown> = {}) => {
    const text = JSON.stringify(typeof schema === 'string' ? JSON.parse(schema) : schema); // spelling does not count
    for (const [id, known] of schemas) if (known.schema === text) return id;
    schemas.set(schemas.size + 1, { schema: text, ...more });
    return schemas.size;
  };
  const answer = (method: string, path: string, body: Record<string, unknown>): [number, unknown] => {
    const id = /^\/schemas\/ids\/(\d+)$/.exec(path)?.[1];
    if (id !== undefined) {
      const found = schemas.get(Number(id));
      return found === undefined ? [404, { error_code: 40403, message: 'Schema not found' }] : [200, found];
    }
    const subject = /^\/config\/(.+)$/.exec(path)?.[1];
    if (subject !== undefined && method === 'PUT') config.set(subject, String(body.compatibility));
    if (subject !== undefined) {
      const level = config.get(subject);
      return level === undefined ? [404, { error_code: 40408, message: 'none' }] : [200, { compatibilityLevel: level }];
    }
    if (method === 'POST')
      return [200, { id: add(body.schema, body.schemaType === undefined ? {} : { schemaType: body.schemaType }) }];
    return [404, { error_code: 404, message: 'HTTP 404 Not Found' }];
  };
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    asked.push(`${request.method} ${path}`);
    const body = await bodyOf(request);
    const mood = registry.mood();
    if (registry.delayMs > 0) await sleep(registry.delayMs);
    if (mood === 'reset') request.socket.destroy();
    else if (mood === 'unavailable') response.writeHead(503).end('<html>later</html>');
    else if (mood === 'forbidden') response.writeHead(403).end();
    else if (mood === 'redirect') response.writeHead(302, { location: `${registry.url}/elsewhere` }).end();
    else if (mood === 'huge') response.writeHead(200).end(Buffer.alloc(5 * 1024 * 1024, 32));
    else if (mood === 'up') {
      const [status, json] = answer(request.method ?? '', path, body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const registry: FakeRegistry = {
    url: `http://127.0.0.1:${port}`,
    schemas,
    asked,
    mood: () => 'up',
    delayMs: 0,
    add,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return registry;
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
}
