import { afterEach, beforeEach, expect, it } from 'vitest';
import { tokenSource } from '../../../src/brokers/kafka/oauth-token.ts';
import { startTokenServer, type TokenServer } from '../../support/kafka/token-server.ts';

const LIFE_MS = 300_000;

let server: TokenServer;
let now = 0;
beforeEach(async () => {
  now = 1000;
  server = await startTokenServer(LIFE_MS);
});
afterEach(() => server.close());

const source = () =>
  tokenSource(
    { mechanism: 'oauthbearer', tokenUrl: server.url, clientId: 'sluice', clientSecret: 'secret' },
    () => now,
  );

it('gives all who ask one token until a minute before it is over, also those who ask while it is on its way', async () => {
  const { token } = source();
  const [first, ...others] = await Promise.all([token(), token(), token()]);
  now += LIFE_MS - 60_001;
  expect(new Set([...others, await token()])).toEqual(new Set([first]));
  expect(server.asked).toHaveLength(1);
  now += 1;
  expect(await token()).not.toBe(first);
  expect(server.asked).toHaveLength(2);
});

it('asks anew after a refusal, by the broker or by the server, and for each connection when tokens are over soon', async () => {
  const tokens = source();
  const first = await tokens.token();
  tokens.refused();
  expect(await tokens.token()).not.toBe(first);
  tokens.refused();
  server.refuses = 503;
  await expect(tokens.token()).rejects.toMatchObject({ code: 'no-token' });
  server.refuses = undefined;
  server.lifetimeMs = 30_000;
  expect(await tokens.token()).not.toBe(await tokens.token());
  expect(server.asked).toHaveLength(5);
});
