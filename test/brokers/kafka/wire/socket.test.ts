import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { openSocket } from '../../../../src/brokers/kafka/wire/index.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('sends what is written at once, and notices a peer that has gone', async () => {
  const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
  const keepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive');
  const server = createServer((peer) => peer.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const socket = await new Promise<Socket>((resolve) => {
      const made = openSocket({ host: '127.0.0.1', port, onConnect: () => resolve(made) });
    });
    expect(noDelay.mock.contexts).toContain(socket);
    expect(noDelay).toHaveBeenCalledWith(true);
    expect(keepAlive).toHaveBeenCalledWith(true, expect.any(Number));
    socket.destroy();
  } finally {
    server.close();
  }
});
