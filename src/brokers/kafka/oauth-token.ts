import { BrokerError, ConfigError } from '../../core/errors.ts';
import type { SaslSpec } from './settings.ts';

const TIMEOUT_MS = 10_000;

/**
 * Where tokens for SASL/OAUTHBEARER come from: one that was given, or the endpoint of an authorization server, asked with
 * client credentials at every (re-)authentication. Source: RFC 6749, section 4.4.
 */
export function tokenSource(sasl: SaslSpec): () => Promise<{ readonly value: string }> {
  const { token, tokenUrl, clientId, clientSecret, scope } = sasl;
  if (token !== undefined) return async () => ({ value: token });
  if (tokenUrl === undefined || clientId === undefined || clientSecret === undefined)
    throw new ConfigError('kafka.sasl: oauthbearer needs token, or tokenUrl with clientId and clientSecret', {
      code: 'sasl-incomplete',
    });
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  const authorization = `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}`;
  return async () => {
    const answer = await fetch(tokenUrl, {
      method: 'POST',
      headers: { authorization },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const said = answer.ok ? ((await answer.json()) as { access_token?: unknown }) : undefined; // checked below
    if (typeof said?.access_token !== 'string')
      throw new BrokerError(`${tokenUrl} gave no token (HTTP ${answer.status})`, { code: 'no-token', retryable: true });
    return { value: said.access_token };
  };
}
