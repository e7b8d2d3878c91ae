import { ConfigError, messageOf, QualityStop } from '../core/errors.ts';

/** What the shell sees. */
export const EXIT = { ok: 0, failed: 1, usage: 2, gate: 3 } as const;

/** Prints an error for people and gives its exit code. Content of records is never in a message. */
export function report(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.usage;
  }
  if (error instanceof QualityStop) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.gate;
  }
  const message = messageOf(error);
  process.stderr.write(`sluice: ${message}\n`);
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return EXIT.failed;
}
