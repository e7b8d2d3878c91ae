import { BrokerError } from '../../core/errors.ts';
import type { TokenSource } from './oauth-token.ts';
import { withLength } from './wire/index.ts';

/** One step of SASL as kafkajs takes it: what is sent and what is answered begin with their length, i32. */
interface SaslStep<T> {
  readonly request: { encode(): Promise<Buffer> };
  readonly response: { decode(bytes: Buffer): Promise<T>; parse(answer: T): Promise<T> };
}

export type AuthenticationProvider = (connection: {
  readonly host: string;
  readonly port: number;
  saslAuthenticate<T>(step: SaslStep<T>): Promise<T>;
}) => { authenticate(): Promise<void> };

const LENGTH_BYTES = 4;

/**
 * SASL/OAUTHBEARER. That of kafkajs takes every answer for a yes: but a broker refuses a token with a text, `{"status":"invalid_token"}`,
 * and then fails whatever is asked next. Source: RFC 7628, section 3.2.
 */
export function oauthBearer(source: TokenSource): AuthenticationProvider {
  return ({ host, port, saslAuthenticate }) => ({
    authenticate: async () => {
      const token = await source.token();
      const refusal = await saslAuthenticate({
        request: { encode: async () => withLength(Buffer.from(`n,,\u0001auth=Bearer ${token}\u0001\u0001`)) },
        response: { decode: async (bytes) => bytes.toString('utf8', LENGTH_BYTES), parse: async (text) => text },
      });
      if (refusal === '') return;
      source.refused();
      throw new BrokerError(`${host}:${port} refuses the token (SASL OAUTHBEARER authentication): ${refusal}`, {
        code: 'broker-refused',
      });
    },
  });
}
