import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './cli.ts';

const PATIENCE_MS = 40_000;
const LOOK_EVERY_MS = 25;

/** A `sluice run` that goes on until it is told to stop, with what it says. */
export class LiveRun {
  stdout = '';
  stderr = '';
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(args: readonly string[]) {
    this.child = spawn(
      process.execPath,
      [join(root, 'src/cli/main.ts'), 'run', ...args, '--http', '127.0.0.1:0', '--quiet', '--json'],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.ended;
  }

  /** Of a test that failed: it must not outlive it. */
  [Symbol.dispose](): void {
    this.signal('SIGKILL');
  }

  async page(path: string): Promise<string> {
    const url = /listening on (\S+)/.exec(this.stderr)?.[1];
    return url === undefined ? '' : (await fetch(new URL(path, url))).text();
  }

  ready(): Promise<void> {
    return this.until('ready', async () => (await this.page('/readyz')).includes('"ready":true'));
  }

  says(line: string, path = '/metrics', patienceMs = PATIENCE_MS): Promise<void> {
    return this.until(line, async () => (await this.page(path)).includes(line), patienceMs);
  }

  /** The process must go on meanwhile. */
  async until(what: string, holds: () => boolean | Promise<boolean>, patienceMs = PATIENCE_MS): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (performance.now() < deadline) {
      if (await holds()) return;
      if (this.child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    throw new Error(`${what}: not within ${patienceMs / 1000} s. Exit code ${this.child.exitCode}; ${this.stderr}`);
  }
}
