import { systemClock } from '../../core/clock.ts';
import { BrokerError, ConfigError } from '../../core/errors.ts';
import type { SaslSpec } from './settings.ts';

const TIMEOUT_MS = 10_000;

/** A token is not used for another connection so shortly before it is over: that would soon have to authenticate again. */
const UNUSED_MS = 60_000;

export interface TokenSource {
  token(): Promise<string>;
  /** The broker did not take the last one: the next one is asked for anew. */
  refused(): void;
}

/**
 * Where tokens for SASL/OAUTHBEARER come from: one that was given, or the endpoint of an authorization server, asked with
 * client credentials. All connections use one token until a minute before it is over: a task has several, and the server
 * need not give each its own. Source: RFC 6749, sections 4.4 and 5.1.
 */
export function tokenSource(sasl: SaslSpec, elapsed: () => number = systemClock.elapsed): TokenSource {
  const { token, tokenUrl, clientId, clientSecret, scope } = sasl;
  if (token !== undefined) return { token: async () => token, refused: () => {} };
  if (tokenUrl === undefined || clientId === undefined || clientSecret === undefined)
    throw new ConfigError('kafka.sasl: oauthbearer needs token, or tokenUrl with clientId and clientSecret', {
      code: 'sasl-incomplete',
    });
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  const authorization = `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}`;
  const ask = async (): Promise<Grant> => {
    const asked = elapsed();
    const answer = await fetch(tokenUrl, {
      method: 'POST',
      headers: { authorization },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const said = answer.ok ? ((await answer.json()) as { access_token?: unknown; expires_in?: unknown }) : {}; // checked below
    if (typeof said.access_token !== 'string')
      throw new BrokerError(`${tokenUrl} gave no token (HTTP ${answer.status})`, { code: 'no-token', retryable: true });
    const lifeMs = typeof said.expires_in === 'number' ? 1000 * said.expires_in : 0;
    return { token: said.access_token, usedUntil: asked + lifeMs - UNUSED_MS };
  };
  let grant: Grant | undefined;
  let asking: Promise<Grant> | undefined;
  return {
    token: async () => {
      if (grant === undefined || elapsed() >= grant.usedUntil) {
        asking ??= ask().finally(() => {
          asking = undefined;
        });
        grant = await asking; // whoever comes meanwhile waits for it too
      }
      return grant.token;
    },
    refused: () => {
      grant = undefined;
    },
  };
}

interface Grant {
  readonly token: string;
  /** Monotonic milliseconds. */
  readonly usedUntil: number;
}
