import { expect, it } from 'vitest';
import { refuseBrokenConnections } from '../../../../src/brokers/kafka/wire/broken-connection.ts';
import { kafkajsModule } from '../../../../src/brokers/kafka/wire/kafkajs.ts';

it.each(['closed', 'writeOnly'])(
  'a connection whose socket is %s refuses requests; the original takes them and never answers',
  (readyState) => {
    const { prototype } = kafkajsModule('network/connection.js') as {
      readonly prototype: { failIfNotConnected(): void; isConnected(): boolean };
    };
    const dying = Object.assign(Object.create(prototype), {
      connectionStatus: 'disconnecting',
      socket: { readyState },
      host: 'localhost',
      port: 1,
    });
    if (readyState === 'closed') expect(() => dying.failIfNotConnected()).not.toThrow(); // not replaced yet
    refuseBrokenConnections();
    refuseBrokenConnections();
    expect(() => dying.failIfNotConnected()).toThrow(/Not connected/);
    const alive = Object.assign(Object.create(prototype), {
      connectionStatus: 'connected',
      socket: { readyState: 'open' },
    });
    expect(() => alive.failIfNotConnected()).not.toThrow();
  },
);
