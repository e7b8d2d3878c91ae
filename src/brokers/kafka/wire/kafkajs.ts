import { createRequire } from 'node:module';
import { BrokerError } from '../../../core/errors.ts';

/** The version whose insides are known; it is its last. */
const VERSION = '2.2.4';
const load = createRequire(import.meta.url);

/**
 * A module of kafkajs by its path in the package, `network/requestQueue`. It has neither types nor promises, so the
 * version is checked first; the caller says what shape it has.
 */
export function kafkajsModule(path: string): unknown {
  const { version } = load('kafkajs/package.json') as { readonly version: string };
  if (version !== VERSION)
    throw new BrokerError(`kafkajs ${version} is installed, this build is made for ${VERSION}: install that`, {
      code: 'kafkajs-version',
    });
  return load(`kafkajs/src/${path}`);
}

const amended = new Set<PropertyKey>();

/** Puts another method in place of one of kafkajs' connections, those that exist included; once, however often it is asked for. */
export function amendConnections<C extends object, Name extends keyof C>(
  name: Name,
  amend: (original: C[Name]) => C[Name],
): void {
  if (amended.has(name)) return;
  amended.add(name);
  const { prototype } = kafkajsModule('network/connection.js') as { readonly prototype: C };
  prototype[name] = amend(prototype[name]);
}

/** An error as kafkajs makes them: `code` is the protocol's number, `type` its name. */
export function protocolError(code: number, context: string): Error {
  const { createErrorFromCode } = kafkajsModule('protocol/error.js') as { createErrorFromCode(code: number): Error };
  const error = createErrorFromCode(code);
  error.message = `${context}: ${error.message}`;
  return error;
}
