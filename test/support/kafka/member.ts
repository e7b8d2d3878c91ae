import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KafkaRun } from '../../crash/kafka-run.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'crash', 'kafka-run.ts');

export interface Ending {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly stderr: string;
}

/** What kafka-run.ts tells. */
interface Told {
  readonly point?: string;
  readonly log?: string;
  readonly summary?: Record<string, number>;
  readonly task?: string;
  readonly state?: string;
}

interface Waiting {
  readonly point: string;
  readonly count: number;
  resolve(): void;
  reject(error: Error): void;
}

/** The engine as a process: a member of its topology's group, and what may befall it. */
export class Member {
  /** Resolves when the process is gone, whatever the reason. */
  readonly ended: Promise<Ending>;
  /** Totals of a run that came to its end. */
  summary: Readonly<Record<string, number>> | undefined;
  /** Warnings and errors of its log: `code: message`. */
  readonly logged: string[] = [];
  /** What each task of it does, as last told. */
  private readonly states = new Map<string, string>();
  private lastPoint = '';
  private readonly child: ChildProcess;
  private readonly passes = new Map<string, number>();
  private waiting: Waiting[] = [];
  private stderr = '';

  constructor(run: KafkaRun) {
    const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'sluice-compile-cache') };
    this.child = spawn(process.execPath, [PROGRAM, JSON.stringify(run)], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      env,
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.child.on('message', (message) => this.hear(message as Told)); // kafka-run.ts
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        for (const one of this.waiting) one.reject(new Error(`it ended before ${one.point}: ${this.stderr}`));
        resolve({ code, signal, stderr: this.stderr });
      });
    });
  }

  /** Once it has been at a fault point so often, counted from its start. */
  passed(point: string, count = 1): Promise<void> {
    if ((this.passes.get(point) ?? 0) >= count) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiting.push({ point, count, resolve, reject }));
  }

  timesAt(point: string): number {
    return this.passes.get(point) ?? 0;
  }

  kill(): Promise<Ending> {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  /** SIGTERM: asks for a clean end. */
  stop(): Promise<Ending> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  /** For a person who wonders what it is doing. */
  describe(): string {
    const states = [...this.states].map(([task, state]) => `${task} ${state}`).join(', ');
    const opens = [...this.passes].filter(([point]) => point.startsWith('open.')).map(([point, n]) => `${point} ${n}`);
    const { pid, exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null) return `process ${pid}: ended with ${exitCode ?? signalCode}`;
    return `process ${pid}: ${states}; ${opens.join(', ')}; last at ${this.lastPoint}; said ${this.logged.slice(-6).join(' | ')}`;
  }

  private hear({ point, log, summary, task, state }: Told): void {
    if (task !== undefined && state !== undefined) this.states.set(task, state);
    if (point !== undefined) this.lastPoint = point;
    if (log !== undefined) this.logged.push(log);
    if (summary !== undefined) this.summary = summary;
    if (point === undefined) return;
    const count = (this.passes.get(point) ?? 0) + 1;
    this.passes.set(point, count);
    const due = this.waiting.filter((one) => one.point === point && one.count <= count);
    this.waiting = this.waiting.filter((one) => !due.includes(one));
    for (const one of due) one.resolve();
  }
}
