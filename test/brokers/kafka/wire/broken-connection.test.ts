import { expect, it } from 'vitest';
import { refuseBrokenConnections } from '../../../../src/brokers/kafka/wire/broken-connection.ts';
import { kafkajsModule } from '../../../../src/brokers/kafka/wire/kafkajs.ts';

it('a connection that is being torn down refuses requests; the original takes them and never answers', () => {
  const { prototype } = kafkajsModule('network/connection.js') as {
    readonly prototype: { failIfNotConnected(): void; isConnected(): boolean };
  };
  const dying = Object.assign(Object.create(prototype), {
    connectionStatus: 'disconnecting',
    socket: { destroyed: true },
    host: 'localhost',
    port: 1,
  });
  expect(() => dying.failIfNotConnected()).not.toThrow();
  refuseBrokenConnections();
  refuseBrokenConnections();
  expect(() => dying.failIfNotConnected()).toThrow(/Not connected/);
  const alive = Object.assign(Object.create(prototype), {
    connectionStatus: 'connected',
    socket: { destroyed: false },
  });
  expect(() => alive.failIfNotConnected()).not.toThrow();
});
