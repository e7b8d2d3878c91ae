import { readFile, realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { randomSeed } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import { compileField, type FieldSlot } from '../core/field.ts';
import { hash32 } from '../core/hash.ts';
import type { Kernel, OperatorDeps, RecordStore } from '../core/operator.ts';
import { SharedWork } from '../core/shared-work.ts';
import type { Plan, StagePlan } from '../topology/plan.ts';
import { sharedRequests } from '../topology/shared-requests.ts';

/** Largest file an operator may read at its start (dictionaries, enumerations, schemas). */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** A fresh kernel for every step of a stage, in order. */
export function createKernels(
  plan: Plan,
  stage: StagePlan,
  around: { readonly records: RecordStore; readonly watched: boolean },
): Promise<readonly Kernel[]> {
  const { records, watched } = around;
  const slots = new Map<string, FieldSlot>();
  const redacted = new Set(plan.redact);
  const shared = new SharedWork(new Set(sharedRequests(stage).map(({ key }) => key)));
  return Promise.all(
    stage.steps.map(async (step) => {
      const deps: OperatorDeps = {
        topology: plan.name,
        step: step.id,
        field: (text) => {
          const slot = slots.get(text) ?? compileField(text);
          slots.set(text, slot);
          return slot;
        },
        seed: hash32(`${plan.seed}/${plan.name}/${step.id}`),
        randomSeed,
        records,
        readFile: (path) => readBelow(plan.folder, path),
        redacted: (field) => redacted.has(field),
        limits: plan.limits,
        shared,
        watched,
        latenessMs: step.latenessMs,
      };
      return step.operator.create(step.config, deps);
    }),
  );
}

/** Files resolve below the topology's folder, also through symbolic links. */
async function readBelow(folder: string, path: string): Promise<Uint8Array> {
  try {
    const root = await realpath(folder);
    const file = await realpath(resolve(root, path));
    if (!file.startsWith(root + sep))
      throw new ConfigError(`${path} is outside the topology's folder`, { code: 'file-outside' });
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES)
      throw new ConfigError(`${path} has ${size} bytes; at most ${MAX_FILE_BYTES} are read`, {
        code: 'file-too-large',
      });
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      code: 'file-unreadable',
      cause,
    });
  }
}
