import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, text: string];
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: string;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly Sample[] };
}

/** A real Prometheus on loopback that scrapes once a second, in a folder of its own. */
export class Prometheus {
  private readonly child: ChildProcess;
  private readonly url: string;
  private readonly dir: string;

  private constructor(child: ChildProcess, url: string, dir: string) {
    this.child = child;
    this.url = url;
    this.dir = dir;
  }

  static async start(program: string, targets: readonly string[], rules?: string): Promise<Prometheus> {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-prometheus-'));
    if (rules !== undefined) writeFileSync(join(dir, 'rules.yaml'), rules);
    writeFileSync(
      join(dir, 'prometheus.yaml'),
      stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        ...(rules === undefined ? {} : { rule_files: ['rules.yaml'] }),
        scrape_configs: [{ job_name: 'sluice', static_configs: [{ targets }] }],
      }),
    );
    const port = await freePort();
    const child = spawn(
      program,
      [
        `--config.file=${join(dir, 'prometheus.yaml')}`,
        `--storage.tsdb.path=${join(dir, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    const prometheus = new Prometheus(child, `http://127.0.0.1:${port}`, dir);
    await prometheus.until('it answers', async () => (await fetch(`${prometheus.url}/-/ready`)).ok);
    return prometheus;
  }

  async query(expr: string): Promise<readonly Sample[]> {
    const response = await fetch(`${this.url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr }),
    });
    const { status, error, data } = (await response.json()) as Answer;
    if (status !== 'success') throw new Error(`${expr}: ${error}`);
    return data.result;
  }

  async alerts(): Promise<readonly FiringAlert[]> {
    const response = await fetch(`${this.url}/api/v1/alerts`);
    const { data } = (await response.json()) as { readonly data: { readonly alerts: readonly FiringAlert[] } };
    return data.alerts.filter(({ state }) => state === 'firing');
  }

  /** Asks again and again; gives up after a minute. */
  async until(what: string, test: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + 60_000;
    while (performance.now() < end) {
      if (await test().catch(() => false)) return; // not up yet
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`waited a minute for: ${what}`);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGKILL');
    await gone;
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
