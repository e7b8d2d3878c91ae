import { kafkajsModule } from './kafkajs.ts';

interface Connection {
  readonly socket?: { readonly destroyed: boolean };
  readonly host: string;
  readonly port: number;
  failIfNotConnected(): void;
}

const done = new WeakSet<object>();

/**
 * Makes kafkajs refuse a request on a connection whose socket is gone. The original calls a connection connected while it
 * is being torn down: a request of that moment is written nowhere and waits for its whole time-out. Idempotent.
 */
export function refuseBrokenConnections(): void {
  const { prototype } = kafkajsModule('network/connection.js') as { readonly prototype: Connection };
  if (done.has(prototype)) return;
  done.add(prototype);
  const { KafkaJSConnectionError } = kafkajsModule('errors.js') as {
    KafkaJSConnectionError: new (message: string, options: { readonly broker: string }) => Error;
  };
  const original = prototype.failIfNotConnected;
  prototype.failIfNotConnected = function refuse(this: Connection): void {
    original.call(this);
    if (this.socket?.destroyed === true)
      throw new KafkaJSConnectionError('Not connected', { broker: `${this.host}:${this.port}` });
  };
}
