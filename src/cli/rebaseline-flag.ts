import { ConfigError } from '../core/errors.ts';
import type { StepCommand } from '../runtime/step-commands.ts';
import type { Plan } from '../topology/plan.ts';

const REBASELINE = 'rebaseline';
const FORM = /^(?<step>[a-z][a-z0-9-]*)(?:\/(?<field>.+?))?(?:@(?<name>[A-Za-z0-9._-]+))?$/;

/**
 * `drift`, `drift/temperature` or `drift/temperature@after-the-move`: the whole text is the command's id, so the same flag
 * given again changes nothing, and another name has it done once more.
 */
export function rebaselineCommands(flags: readonly string[], plan: Plan): StepCommand[] {
  const steps = plan.stages.flatMap((stage) => stage.steps);
  const able = steps.filter(({ operator }) => operator.commands?.includes(REBASELINE) === true).map(({ id }) => id);
  return flags.map((flag) => {
    const { step, field } = FORM.exec(flag)?.groups ?? {};
    if (step === undefined)
      throw new ConfigError(`--rebaseline ${flag}: expected step, step/field or step/field@name`, {
        code: 'rebaseline-flag',
      });
    if (!able.includes(step))
      throw new ConfigError(
        `--rebaseline ${flag}: step ${step} has no reference; ${able.length === 0 ? 'no step of this topology has one' : `those with one: ${able.join(', ')}`}`,
        { code: 'rebaseline-step' },
      );
    return { id: flag, step, name: REBASELINE, args: field === undefined ? {} : { field } };
  });
}
