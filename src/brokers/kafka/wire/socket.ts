import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecure } from 'node:tls';

const KEEP_ALIVE_MS = 60_000;

export interface SocketOptions {
  readonly host: string;
  readonly port: number;
  /** TLS when there are some. */
  readonly ssl?: ConnectionOptions | null;
  readonly onConnect: () => void;
}

/**
 * A connection to a broker, in place of that of kafkajs, which leaves Nagle's algorithm on: a request written behind another
 * one, and the last piece of a large one, then waits until what came before is acknowledged, and the other side may put that
 * off for 40 ms. A commit is three such steps. The Java client turns it off as well.
 *
 * Source: RFC 9293 3.7.4 (Nagle), RFC 1122 4.2.3.2 (delayed acknowledgements).
 */
export function openSocket({ host, port, ssl, onConnect }: SocketOptions): Socket {
  const socket = ssl
    ? connectSecure({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
    : connectPlain({ host, port }, onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return socket;
}
