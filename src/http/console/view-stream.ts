import type { View } from '../../telemetry/view.ts';
import { diffViews } from './view-delta.ts';

const EVERY_MS = 500;
const MAX_CLIENTS = 20;
/** A client that lets so many bytes pile up is dropped: its browser connects again and gets a whole view. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/**
 * Server-sent events for everybody who watches one topology: a whole view on connect, then what changed, twice a second.
 * Views are made only while somebody watches.
 */
export class ViewStream {
  private readonly view: () => View;
  private readonly clients = new Set<ReadableStreamDefaultController<Uint8Array>>();
  private readonly encoder = new TextEncoder();
  private last: View | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Clients that were too slow. */
  dropped = 0;

  constructor(view: () => View) {
    this.view = view;
  }

  /** Undefined when too many watch already. */
  open(): ReadableStream<Uint8Array> | undefined {
    if (this.clients.size >= MAX_CLIENTS) return undefined;
    let own: ReadableStreamDefaultController<Uint8Array> | undefined;
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      own = controller;
      this.push(); // the others get what they lack, so that one view is everybody's last
      this.last ??= this.view();
      controller.enqueue(this.event('view', this.last));
      this.clients.add(controller);
      this.timer ??= setInterval(() => this.push(), EVERY_MS).unref();
    };
    const cancel = () => {
      if (own !== undefined) this.leave(own);
    };
    const strategy = { highWaterMark: MAX_WAITING_BYTES, size: (chunk?: Uint8Array) => chunk?.byteLength ?? 0 };
    return new ReadableStream<Uint8Array>({ start, cancel }, strategy);
  }

  private push(): void {
    if (this.clients.size === 0) return;
    const next = this.view();
    const bytes = this.event('delta', diffViews(this.last ?? next, next));
    this.last = next;
    for (const client of [...this.clients]) {
      if ((client.desiredSize ?? 0) > 0) client.enqueue(bytes);
      else {
        this.dropped++;
        this.leave(client);
        client.error(new Error('too slow'));
      }
    }
  }

  private leave(client: ReadableStreamDefaultController<Uint8Array>): void {
    this.clients.delete(client);
    if (this.clients.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.last = undefined;
  }

  private event(name: string, data: unknown): Uint8Array {
    return this.encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  close(): void {
    for (const client of [...this.clients]) {
      this.leave(client);
      client.close();
    }
  }
}
