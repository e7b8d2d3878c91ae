import type { Clock } from '../../core/clock.ts';
import { ConfigError, OutageError } from '../../core/errors.ts';

export interface RegistryConnection {
  /** http or https; what stands before `/schemas/ids/1`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Bearer token. */
  readonly token?: string;
  /** Until a request is answered; default 5 s. */
  readonly timeoutMs?: number;
}

/** What the registry has to say about what it was asked: 404, 409, 422. */
export interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

export type Answer = { readonly body: Readonly<Record<string, unknown>> } | { readonly refusal: Refusal };

interface Question {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: unknown;
}

const TIMEOUT_MS = 5000;
/** Schemas of a thousand fields take a tenth of it. */
const MAX_BYTES = 4 * 1024 * 1024;
const TRIES = 4;
const FIRST_PAUSE_MS = 100;
const MEDIA = 'application/vnd.schemaregistry.v1+json';
/** Answers that are about the question. */
const REFUSALS = new Set([404, 409, 422]);
/** Answers that say: later. */
const BUSY = new Set([408, 425, 429]);

/**
 * The REST API of a schema registry (Confluent's, and whoever speaks it). A question is asked up to four times, with pauses
 * of 0.1, 0.2 and 0.4 s; then it is an OutageError. Throws ConfigError for what asking again cannot mend: a wrong address,
 * missing rights, a redirect, which is never followed (the credentials are for this address alone).
 */
export class RegistryClient {
  readonly url: string;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly timeoutMs: number;
  private readonly clock: Clock;

  constructor(connection: RegistryConnection, clock: Clock) {
    const { username, password, token } = connection;
    this.url = checkedUrl(connection.url);
    this.timeoutMs = connection.timeoutMs ?? TIMEOUT_MS;
    this.clock = clock;
    const basic = username === undefined ? undefined : Buffer.from(`${username}:${password ?? ''}`).toString('base64');
    const authorization = token === undefined ? basic && `Basic ${basic}` : `Bearer ${token}`;
    this.headers = { accept: `${MEDIA}, application/json`, ...(authorization === undefined ? {} : { authorization }) };
  }

  async ask(question: Question): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(question);
      } catch (error) {
        if (!(error instanceof OutageError) || attempt === TRIES) throw error;
        await this.clock.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  }

  private async once({ method, path, body }: Question): Promise<Answer> {
    const signal = AbortSignal.timeout(this.timeoutMs);
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        redirect: 'manual',
        signal,
        headers: body === undefined ? this.headers : { ...this.headers, 'content-type': MEDIA },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const { status } = response;
      if (!response.ok && !REFUSALS.has(status)) {
        await response.body?.cancel();
        throw this.unexpected(status);
      }
      const bytes = await this.read(response);
      if (response.ok) return { body: this.object(bytes) };
      const refusal = refusalOf(status, bytes);
      // 404 of a registry says what is not there (40403: the schema); any other server's means that this is none
      if (status === 404 && Math.floor(refusal.code / 100) !== status) throw this.unexpected(status);
      return { refusal };
    } catch (cause) {
      if (cause instanceof OutageError || cause instanceof ConfigError) throw cause;
      throw this.outage(signal.aborted ? `does not answer within ${this.timeoutMs} ms` : 'cannot be reached', cause);
    }
  }

  private unexpected(status: number): Error {
    if (status >= 500 || BUSY.has(status)) return this.outage(`answers with status ${status}`);
    const remedy =
      status === 401 || status === 403
        ? 'check `username`, `password` or `token` of kafka.registry'
        : status >= 300 && status < 400
          ? 'redirects are not followed: write the address it leads to'
          : 'check kafka.registry.url';
    return new ConfigError(`the schema registry ${this.url} answers with status ${status}; ${remedy}`, {
      code: 'registry-refused',
    });
  }

  private async read(response: Response): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > MAX_BYTES)
        throw new ConfigError(`the schema registry ${this.url} answers with more than ${MAX_BYTES} bytes`, {
          code: 'registry-answer',
        });
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** A page in between (a proxy's) may say 200 while the registry is away. */
  private object(bytes: Buffer): Readonly<Record<string, unknown>> {
    const object = objectOf(bytes);
    if (object === undefined) throw this.outage('answers with something else than a JSON object');
    return object;
  }

  private outage(what: string, cause?: unknown): OutageError {
    return new OutageError(`the schema registry ${this.url} ${what}`, {
      code: 'registry-unavailable',
      service: 'schema-registry',
      cause,
    });
  }
}

function refusalOf(status: number, bytes: Buffer): Refusal {
  const json = objectOf(bytes) ?? {};
  return { status, code: Number(json.error_code ?? status), message: String(json.message ?? '') };
}

function objectOf(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(bytes.toString());
    return json !== null && typeof json === 'object' ? (json as Readonly<Record<string, unknown>>) : undefined; // an object
  } catch {
    return undefined;
  }
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new ConfigError('the address of the schema registry must begin with http:// or https://', {
      code: 'registry-url',
    });
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new ConfigError(
      'the address of the schema registry holds more than an address: write `username` and `password` beside `url`',
      { code: 'registry-url' },
    );
  return url.href.replace(/\/+$/, '');
}
