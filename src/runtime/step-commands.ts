import type { Log } from '../core/log.ts';
import type { Tick } from '../core/operator.ts';
import type { StagePlan } from '../topology/plan.ts';

/** Names remembered: beyond, the oldest is forgotten, and a command of that name would be done again. */
const MAX_REMEMBERED = 1000;

/** Something the user asks of a step, once for each of its tasks. */
export interface StepCommand {
  /** Names it for good: the same id is done once, however often it is given. */
  readonly id: string;
  readonly step: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

interface Around {
  readonly task: string;
  readonly log: Log;
}

/** Which commands a task has done: part of its state, so that a start after a crash does none twice and leaves none out. */
export class StepCommands {
  private done = new Set<string>();
  private readonly mine: readonly StepCommand[];
  private readonly around: Around;

  constructor(stage: StagePlan, commands: readonly StepCommand[], around: Around) {
    this.mine = commands.filter(({ step }) => stage.steps.some(({ id }) => id === step));
    this.around = around;
  }

  /** What is still to be done, as ticks. A task without state has nothing that a command could change. */
  *due(time: number, hasState: boolean): Generator<Tick> {
    const { log, task } = this.around;
    for (const command of this.mine) {
      const { id, step, name } = command;
      if (this.done.has(id)) {
        log.info('command-known', `${name} ${id} was done before: give it another name to have it done again`, {
          task,
        });
        continue;
      }
      this.remember(id);
      log.info('command', hasState ? `${name} ${id}` : `${name} ${id}: step ${step} starts without state here`, {
        task,
      });
      if (hasState) yield { kind: 'command', time, ...command };
    }
  }

  save(): readonly string[] {
    return [...this.done];
  }

  restore(done: readonly string[]): void {
    this.done = new Set(done);
  }

  private remember(id: string): void {
    this.done.add(id);
    const [oldest] = this.done;
    if (this.done.size > MAX_REMEMBERED && oldest !== undefined) this.done.delete(oldest);
  }
}
