import { describe, expect, it } from 'vitest';
import { Readiness } from '../../src/cli/readiness.ts';

const task = { topology: 't', stage: 'source', topic: 'in', partition: 0 };

describe('readiness', () => {
  it('says what a waiting task waits for, until it goes on', () => {
    const readiness = new Readiness();
    readiness.taskState(task, 'waiting', 'the schema registry http://r cannot be reached');
    expect(readiness.report()).toMatchObject({
      ready: false,
      reasons: ['t/source/in/0 is waiting: the schema registry http://r cannot be reached'],
    });
    readiness.taskState(task, 'running');
    expect(readiness.report()).toMatchObject({ ready: true, reasons: [] });
  });

  it('shows how far a task has come with its state, and forgets it with the next state', () => {
    const readiness = new Readiness();
    readiness.taskState(task, 'opening');
    readiness.taskProgress(task, { unit: 'state parts', done: 3, of: 12 });
    expect(readiness.report()).toEqual({
      ready: false,
      reasons: ['t/source/in/0 is opening: 3 of 12 state parts'],
      tasks: [{ task: 't/source/in/0', state: 'opening', progress: { unit: 'state parts', done: 3, of: 12 } }],
    });
    readiness.taskState(task, 'replaying');
    expect(readiness.report().reasons).toEqual(['t/source/in/0 is replaying']);
    readiness.taskState(task, 'running');
    expect(readiness.report()).toEqual({
      ready: true,
      reasons: [],
      tasks: [{ task: 't/source/in/0', state: 'running' }],
    });
  });

  it('lists tasks and reasons by name and partition, in whatever order they came', () => {
    const readiness = new Readiness();
    for (const partition of [10, 2, 9]) readiness.taskState({ ...task, partition }, 'opening');
    const names = ['t/source/in/2', 't/source/in/9', 't/source/in/10'];
    expect(readiness.report().tasks.map((one) => one.task)).toEqual(names);
    expect(readiness.report().reasons).toEqual(names.map((name) => `${name} is opening`));
  });

  it('takes no progress of a task that was closed meanwhile', () => {
    const readiness = new Readiness();
    readiness.taskState(task, 'opening');
    readiness.taskState(task, 'closed');
    readiness.taskProgress(task, { unit: 'state records', done: 1, of: 2 });
    expect(readiness.report()).toEqual({ ready: true, reasons: [], tasks: [] });
  });

  it('is not ready while a topology changes to another version of its file', () => {
    const readiness = new Readiness();
    readiness.begun('t');
    readiness.taskState(task, 'running');
    readiness.reloading('t', false);
    expect(readiness.report()).toMatchObject({ ready: false, reasons: ['t is reloading'] });
    readiness.taskState(task, 'closed');
    expect(readiness.report()).toEqual({ ready: false, reasons: ['t is reloading'], tasks: [] });
    readiness.taskState(task, 'running');
    readiness.reloading('t', true);
    expect(readiness.report()).toMatchObject({ ready: true, reasons: [] });
  });

  it('waits for every topology that has begun and not ended, and names it', () => {
    const readiness = new Readiness();
    readiness.begun('t');
    readiness.begun('u');
    expect(readiness.report()).toEqual({ ready: false, reasons: ['t has no task', 'u has no task'], tasks: [] });
    readiness.taskState(task, 'running');
    expect(readiness.report()).toMatchObject({ ready: false, reasons: ['u has no task'] });
    readiness.taskState({ ...task, topology: 'u' }, 'running');
    readiness.conflict('u', 'f2');
    expect(readiness.report()).toMatchObject({
      ready: false,
      reasons: ['members of u with another plan (f2) own its tasks'],
    });
    readiness.taskState({ ...task, topology: 'u' }, 'closed');
    readiness.ended('u');
    expect(readiness.report()).toMatchObject({ ready: true, reasons: [] });
  });
});
