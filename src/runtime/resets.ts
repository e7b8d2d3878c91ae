const NONE: ReadonlySet<string> = new Set();

/**
 * Steps that are to start without memory: once in every task of a run. A task that is opened again keeps what its steps have learned
 * since; a checkpoint newer than the one it was first found with tells that there is such.
 */
export class Resets {
  private readonly steps: ReadonlySet<string>;
  private readonly found = new Map<string, number>();

  constructor(steps: readonly string[]) {
    this.steps = new Set(steps);
  }

  /** Steps without memory in a task that is opened and has this newest checkpoint, 0 for none. */
  stepsOf(task: string, checkpoint: number): ReadonlySet<string> {
    const first = this.found.get(task) ?? checkpoint;
    this.found.set(task, first);
    return checkpoint > first ? NONE : this.steps;
  }
}
