import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { type Found, findBroker } from './find-broker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where a test asks for the broker that all tests of this run share. */
    kafkaDesk: string;
  }
}

/** Starts nothing until a test asks: then one broker for the whole run, stopped at its end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let found: Promise<Found> | undefined;
  const desk = createServer(async (_request, response) => {
    found ??= findBroker();
    const { close: _, ...answer } = await found.catch((error: unknown) => ({
      failed: error instanceof Error ? (error.stack ?? error.message) : String(error),
      close: undefined,
    }));
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => desk.listen(0, '127.0.0.1', resolve));
  const address = desk.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  project.provide('kafkaDesk', `http://127.0.0.1:${port}/`);
  return async () => {
    desk.close();
    desk.closeAllConnections();
    const broker = await found?.catch(() => undefined);
    await broker?.close();
  };
}
