import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import type { TopicReport } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { fileError, onFile } from './files.ts';
import { listParts } from './parts.ts';

export interface TopicQuestion {
  readonly dir: string;
  readonly inputs: readonly { readonly topic: string; readonly paths: readonly string[] }[];
  readonly outputs: readonly { readonly topic: string; readonly file: string }[];
  readonly mode: 'check' | 'create';
}

/** Inputs must be readable, the folder of the outputs writable; `create` makes that folder. Output files come with their first record. */
export async function checkTopics(question: TopicQuestion): Promise<TopicReport> {
  const reports: TopicReport['topics'][number][] = [];
  for (const { topic, paths } of question.inputs) {
    const problem = await problemOf(async () => {
      for (const part of await listParts(paths)) await accessible(part.path, constants.R_OK);
    });
    reports.push(
      problem === undefined ? { topic } : { topic, problem, remedy: `name its file or folder: --topic ${topic}=path` },
    );
  }
  const made = question.mode === 'create' && !(await exists(question.dir));
  const problem = await problemOf(async () => {
    if (made) await onFile('make the folder', question.dir, () => mkdir(question.dir, { recursive: true }));
    if (question.mode === 'create' || (await exists(question.dir))) await accessible(question.dir, constants.W_OK);
  });
  for (const { topic } of question.outputs) {
    if (problem === undefined) reports.push(made ? { topic, created: true } : { topic });
    else reports.push({ topic, problem, remedy: 'choose a folder that can be written: --local DIR' });
  }
  return { topics: reports };
}

async function accessible(path: string, mode: number): Promise<void> {
  try {
    await access(path, mode);
  } catch (error) {
    throw fileError(mode === constants.R_OK ? 'read' : 'write into', path, error);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function problemOf(action: () => Promise<void>): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof BrokerError) return error.message;
    throw fileError('look at', 'the topics', error);
  }
}
