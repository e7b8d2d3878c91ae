import { amendConnections, kafkajsModule } from './kafkajs.ts';

interface Connection {
  readonly socket?: { readonly readyState: string };
  readonly host: string;
  readonly port: number;
  failIfNotConnected(): void;
}

/**
 * Makes kafkajs refuse a request on a connection whose socket is gone, or half of it. The original calls a connection connected
 * while it is being torn down: a request of that moment is never answered, and the check for its time-out has stopped.
 * Idempotent.
 */
export function refuseBrokenConnections(): void {
  const { KafkaJSConnectionError } = kafkajsModule('errors.js') as {
    KafkaJSConnectionError: new (message: string, options: { readonly broker: string }) => Error;
  };
  amendConnections<Connection, 'failIfNotConnected'>(
    'failIfNotConnected',
    (original) =>
      function refuse(this: Connection): void {
        original.call(this);
        if (this.socket !== undefined && this.socket.readyState !== 'open')
          throw new KafkaJSConnectionError('Not connected', { broker: `${this.host}:${this.port}` });
      },
  );
}
