import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needTool } from './install.ts';

const run = promisify(execFile);

/** What a client needs for the secure listener, and what the broker needs to have one. */
export interface Security {
  /** Path of the certificate that signs itself, in PEM: the client's trust anchor. */
  readonly caFile: string;
  readonly username: string;
  readonly password: string;
  /** For KafkaNode. */
  readonly users: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
}

/** A fresh key and certificate for localhost, one user known to SASL plain and both SCRAM mechanisms, and unsigned tokens. */
export async function makeSecurity(folder: string): Promise<Security> {
  needTool('openssl', ['version'], 'openssl');
  const keyFile = join(folder, 'key.pem');
  const caFile = join(folder, 'ca.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await run('openssl', ['req', '-x509', ...algorithm, '-keyout', keyFile, '-out', caFile, ...subject]);
  const keystore = join(folder, 'keystore.pem');
  writeFileSync(keystore, readFileSync(keyFile, 'utf8') + readFileSync(caFile, 'utf8'));
  const username = 'sluice';
  const password = 'secret: of a kind';
  const listener = 'listener.name.secure';
  const jaas = 'org.apache.kafka.common.security';
  return {
    caFile,
    username,
    password,
    users: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((name) => `${name}=[name=${username},password="${password}"]`),
    settings: {
      [`${listener}.ssl.keystore.type`]: 'PEM',
      [`${listener}.ssl.keystore.location`]: keystore,
      [`${listener}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      [`${listener}.plain.sasl.jaas.config`]: `${jaas}.plain.PlainLoginModule required user_${username}="${password}";`,
      [`${listener}.scram-sha-256.sasl.jaas.config`]: `${jaas}.scram.ScramLoginModule required;`,
      [`${listener}.scram-sha-512.sasl.jaas.config`]: `${jaas}.scram.ScramLoginModule required;`,
      // Kafka's own validator of tokens that nobody has signed, which is there for tests
      [`${listener}.oauthbearer.sasl.jaas.config`]: `${jaas}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
      // a session ends with its token, so connections that outlive one must authenticate again
      [`${listener}.oauthbearer.connections.max.reauth.ms`]: '3600000',
    },
  };
}
