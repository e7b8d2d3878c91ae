import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const FENCE = /^```([^\n]*)\n([\s\S]*?)^```$/gm;

export interface Command {
  readonly text: string;
  /** Lines that stand below it on the page. */
  readonly expected: readonly string[];
}

interface Block {
  /** What stands behind the fence: `console`, `yaml file=t.yaml`. */
  readonly info: string;
  readonly body: string;
  /** Text of the heading above it; empty before the first. */
  readonly section: string;
}

export interface FollowOptions {
  readonly folder: string;
  /** The page's files and commands, as they must be here (names of topics, addresses). */
  readonly translate?: (text: string) => string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Blocks of code of a page, in order. */
export function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(join(root, page), 'utf8');
  const headings = [...text.replace(FENCE, (block) => ' '.repeat(block.length)).matchAll(/^#+ (.*)$/gm)];
  return [...text.matchAll(FENCE)].map((match) => ({
    info: match[1] ?? '',
    body: match[2] ?? '',
    section: headings.findLast(({ index }) => index < match.index)?.[1] ?? '',
  }));
}

/** `console`: what stands behind a dollar, with its output; `sh`: every line that is no comment. */
export function commandsOf({ info, body }: Block): readonly Command[] {
  if (/^(sh|bash)\b/.test(info))
    return body
      .replaceAll('\\\n', ' ')
      .split('\n')
      .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
      .filter((text) => text !== '')
      .map((text) => ({ text, expected: [] }));
  if (!info.startsWith('console')) return [];
  return body
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [text = '', ...expected] = part.trimEnd().split('\n');
      return { text, expected: expected.map(squeeze).filter((line) => line !== '') };
    });
}

/**
 * Follows a page word for word: blocks with `file=<name>` are saved, commands are run, and each line below a command must be in its
 * output, in order (white space counts as one blank; `…` is anything; `exit N` is the exit code). With `section`, the part
 * under that heading alone. Gives the number of commands.
 */
export function follow(page: string, options: FollowOptions & { readonly section?: string }): number {
  const { section } = options;
  let count = 0;
  for (const block of blocksOf(page))
    if (section === undefined || block.section === section) count += followBlock(block, options);
  expect(count, `commands of ${page} ${section ?? ''}`).toBeGreaterThan(0);
  return count;
}

interface BlockOptions extends FollowOptions {
  /** Output is not compared. */
  readonly isSketch?: boolean;
  readonly skip?: (command: Command) => boolean;
}

export function followBlock(block: Block, options: BlockOptions): number {
  const { folder, translate = (text) => text, isSketch = false, skip = () => false } = options;
  const file = /file=(\S+)/.exec(block.info)?.[1];
  if (file !== undefined) writeFileSync(join(folder, file), translate(block.body));
  const commands = commandsOf(block).filter((command) => !skip(command));
  for (const command of commands) runCommand(isSketch ? { ...command, expected: [] } : command, options);
  return commands.length;
}

/** As the shell gets it. */
export function shellOf({ text }: Command, { translate = (same) => same }: FollowOptions): string {
  const sluice = `'${process.execPath}' '${join(root, 'src', 'cli', 'main.ts')}'`;
  return translate(text).replace(/^(npx )?sluice(?= )/, sluice);
}

/** Throws unless it ends as the page says. */
export function runCommand(command: Command, options: FollowOptions): void {
  const { folder, translate = (same) => same, env = process.env } = options;
  const { text, expected } = command;
  const shell = `{ ${shellOf(command, options)}\n} 2>&1`;
  const result = spawnSync('sh', ['-c', shell], { cwd: folder, encoding: 'utf8', env });
  let output = squeeze(result.stdout);
  let exit = 0;
  for (const line of expected.filter((one) => one !== '…').map(translate)) {
    const code = /^exit (\d+)$/.exec(line);
    if (code !== null) {
      exit = Number(code[1]);
      continue;
    }
    const at = output.indexOf(line);
    expect(at, `$ ${text}\nexpected: ${line}\nin what is left of the output:\n${output}`).toBeGreaterThanOrEqual(0);
    output = output.slice(at + line.length);
  }
  expect(result.status, `$ ${text}\n${result.stdout}`).toBe(exit);
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
