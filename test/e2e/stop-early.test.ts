import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { root } from './cli.ts';

const TOPOLOGY = `
name: early
input: { topic: early.in, format: json }
steps: [{ id: sane, use: check, with: { rules: [{ name: there, field: id, required: true }] } }]
output: { topic: early.out }
`;
const folder = mkdtempSync(join(tmpdir(), 'sluice-stop-early-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Ends with what it said; SIGTERM comes, if at all, while it waits for an answer, which never comes: the connection breaks. */
async function runOn(stops: boolean): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const topology = join(folder, 't.yaml');
  writeFileSync(topology, TOPOLOGY);
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const child = spawn(
    process.execPath,
    [join(root, 'src/cli/main.ts'), 'run', topology, '--brokers', `127.0.0.1:${port}`, '--log-level', 'info'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close');
  const [socket] = await once(server, 'connection');
  if (stops) {
    child.kill('SIGTERM');
    while (!stderr.includes('"stopping"')) await once(child.stderr, 'data'); // it has heard of it
  }
  socket.destroy();
  server.close();
  const [code] = await ended;
  return { code, stderr };
}

it('a run that is asked to stop while it looks for a broker ends well, and says what it saw', async () => {
  const { code, stderr } = await runOn(true);
  expect(stderr).toContain('stopped before it had begun: no Kafka broker answers');
  expect(code).toBe(0);
});

it('one that nobody stops ends with 1', async () => {
  const { code, stderr } = await runOn(false);
  expect(stderr).toContain('no Kafka broker answers');
  expect(code).toBe(1);
});
