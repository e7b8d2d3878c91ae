import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './cli.ts';

/** Where a run that was started with `--http` listens; rejects with what it says when it ends before. */
export function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr?.on('data', (chunk) => {
      text += chunk;
      const url = /listening on (\S+)/.exec(text)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.on('close', (code) => reject(new Error(`the run ended with ${code}: ${text}`)));
  });
}

/** A run of `DIR/<name>.yaml`, one or several, that follows `DIR/<topic>.ndjson`, and the address of its console. */
export async function serve(
  dir: string,
  name: string | readonly string[],
  topics: readonly string[],
): Promise<[ChildProcess, string]> {
  const names = [name].flat();
  const inputs = topics.flatMap((topic) => ['--topic', `${topic}=${join(dir, `${topic}.ndjson`)}`]);
  const files = names.map((one) => join(dir, `${one}.yaml`));
  const args = ['run', ...files, '--local', join(dir, `out-${names[0]}`), ...inputs];
  const child = spawn(
    process.execPath,
    [join(root, 'src/cli/main.ts'), ...args, '--follow', '--quiet', '--http', '127.0.0.1:0'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  return [child, `${await addressOf(child)}/`];
}
