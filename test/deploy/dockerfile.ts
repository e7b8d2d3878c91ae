import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './compose-file.ts';

export interface Instruction {
  readonly stage: string;
  readonly name: string;
  readonly text: string;
}

/** Instructions of the Dockerfile, each with the stage it belongs to. */
export function readDockerfile(): readonly Instruction[] {
  const lines = readFileSync(join(root, 'Dockerfile'), 'utf8')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  let stage = '';
  return lines.map((line) => {
    const [, name = '', text = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') stage = text.split(' ').at(-1) ?? '';
    return { stage, name, text };
  });
}

/** Arguments of the exec form. */
export function execForm(text: string): readonly string[] {
  return JSON.parse(text.slice(text.indexOf('['))); // as Docker reads it
}
