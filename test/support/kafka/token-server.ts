import { createServer } from 'node:http';

export interface TokenServer {
  readonly url: string;
  /** Bodies and credentials it was asked with: `sluice:secret grant_type=client_credentials`. */
  readonly asked: readonly string[];
  /** How long the tokens it gives are good for. */
  lifetimeMs: number;
  /** Answers with this instead of a token. */
  refuses: number | undefined;
  close(): Promise<void>;
}

/** An authorization server on loopback whose tokens nobody has signed (`alg: none`). */
export async function startTokenServer(lifetimeMs: number): Promise<TokenServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const credentials = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64');
      asked.push(`${credentials} ${body}`);
      response.writeHead(self.refuses ?? 200, { 'content-type': 'application/json' });
      response.end(self.refuses === undefined ? JSON.stringify(tokenOf(self.lifetimeMs)) : '{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const self: TokenServer = {
    url: `http://127.0.0.1:${port}/token`,
    asked,
    lifetimeMs,
    refuses: undefined,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return self;
}

/** RFC 7519, section 6, in the answer of RFC 6749, section 5.1. */
function tokenOf(lifetimeMs: number): object {
  const seconds = Date.now() / 1000;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: 'sluice', iat: seconds, exp: seconds + lifetimeMs / 1000 };
  return {
    access_token: `${part({ alg: 'none' })}.${part(claims)}.`,
    token_type: 'Bearer',
    expires_in: Math.floor(lifetimeMs / 1000),
  };
}
