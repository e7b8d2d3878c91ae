import { createServer, type Server, Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly broker: Socket;
  /** Where bytes were swallowed once, none may follow: a stream has no holes. */
  readonly holed: Set<Socket>;
}

/**
 * A TCP proxy on loopback between a client and a broker, and the ways a network fails: latency, a cut, a connection that is
 * open on one side only, a close that comes late, one that refuses. Settings hold for connections open now and made later.
 */
export class TcpProxy {
  readonly port: number;
  /** Delay of every chunk in each direction, milliseconds; order is kept. */
  latencyMs = 0;
  /** Answers are swallowed: the broker gets requests, the client hears nothing. */
  muteBroker = false;
  /** Requests are swallowed: connections look open and lead nowhere. */
  muteClient = false;
  /** New connections are closed at once. */
  refuse = false;
  /** Closing by one side reaches the other this much later, milliseconds. */
  closeDelayMs = 0;
  /** Called with each chunk from the client; true cuts its connection before the chunk reaches the broker. */
  cutBefore: ((chunk: Buffer) => boolean) | undefined;
  /** Called with each chunk from the broker; true cuts the connection instead of delivering it: the broker has acted, the client cannot know. */
  cutAnswer: ((chunk: Buffer) => boolean) | undefined;
  private readonly server: Server;
  private readonly pairs = new Set<Pair>();

  private constructor(server: Server, port: number, brokerPort: number) {
    this.server = server;
    this.port = port;
    server.on('connection', (client) => this.join(client, brokerPort));
  }

  static listen(brokerPort: number): Promise<TcpProxy> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        if (address === null || typeof address === 'string') return reject(new Error('the proxy has no port'));
        resolve(new TcpProxy(server, address.port, brokerPort));
      });
    });
  }

  get connections(): number {
    return this.pairs.size;
  }

  /** Resets every open connection. */
  cut(): void {
    for (const pair of this.pairs) drop(pair);
  }

  /** The broker's side is closed, the client's stays open and silent. */
  halfOpen(): void {
    this.muteClient = true;
    this.muteBroker = true;
    for (const { broker } of this.pairs) broker.destroy();
  }

  /** The broker's side is closed in good order; the client hears of it after `closeDelayMs`. */
  closeBroker(): void {
    for (const { broker } of this.pairs) broker.destroy();
  }

  /** Back to honest connections; those that have swallowed something stay silent. */
  heal(): void {
    this.latencyMs = 0;
    this.muteBroker = false;
    this.muteClient = false;
    this.refuse = false;
    this.closeDelayMs = 0;
    this.cutBefore = undefined;
    this.cutAnswer = undefined;
  }

  close(): void {
    this.server.close();
    this.cut();
  }

  private join(client: Socket, brokerPort: number): void {
    if (this.refuse) {
      client.destroy();
      return;
    }
    const broker = new Socket();
    broker.connect(brokerPort, '127.0.0.1');
    const pair: Pair = { client, broker, holed: new Set() };
    this.pairs.add(pair);
    this.forward(
      pair,
      client,
      broker,
      (chunk) => this.cutBefore?.(chunk) === true,
      () => this.muteClient,
    );
    this.forward(
      pair,
      broker,
      client,
      (chunk) => this.cutAnswer?.(chunk) === true,
      () => this.muteBroker,
    );
  }

  private forward(
    pair: Pair,
    from: Socket,
    to: Socket,
    isCut: (chunk: Buffer) => boolean,
    isMute: () => boolean,
  ): void {
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      if (isMute()) pair.holed.add(to);
      if (pair.holed.has(to)) return;
      if (isCut(chunk)) drop(pair);
      else if (this.latencyMs === 0) this.write(from, to, chunk);
      else setTimeout(() => this.write(from, to, chunk), this.latencyMs);
    });
    from.on('error', () => {}); // followed by close
    from.on('close', () => {
      if (this.muteBroker && this.muteClient) return; // half open: the other side learns nothing
      setTimeout(() => to.destroy(), this.closeDelayMs + this.latencyMs);
      if (from === pair.client || pair.client.destroyed) this.pairs.delete(pair);
    });
  }

  private write(from: Socket, to: Socket, chunk: Buffer): void {
    if (to.destroyed || to.write(chunk)) return;
    from.pause();
    to.once('drain', () => from.resume());
  }
}

function drop({ client, broker }: Pair): void {
  client.resetAndDestroy();
  broker.resetAndDestroy();
}
