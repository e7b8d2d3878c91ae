import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import type { Scalar } from '../vote/ballots.ts';
import type { LabelModel } from './label-model.ts';
import { answerAt, patternOf } from './pattern-table.ts';
import { VerdictLog } from './verdict-log.ts';

const MAX_VERDICTS = 100_000;
const BYTES_PER_VERDICT = 150;
const PART = 'verdicts-';

/**
 * Verdicts of people on what rules said. The last verdict of an id counts: one that comes again changes nothing, one
 * that changed takes the first out with the answers it was counted with.
 */
export class Feedback {
  private readonly model: LabelModel;
  private readonly log = new VerdictLog(MAX_VERDICTS);

  constructor(model: LabelModel) {
    this.model = model;
  }

  get size(): number {
    return this.log.size;
  }

  bytes(): number {
    return this.log.size * BYTES_PER_VERDICT;
  }

  /** Returns how many old verdicts were forgotten for it. */
  take(id: Scalar, truth: number, answers: Int16Array): number {
    const before = this.log.find(id);
    if (before?.truth === truth) return 0;
    if (before !== undefined) {
      const said = Int16Array.from(answers, (_, r) => answerAt(before.pattern, r));
      this.model.verdict(said, before.truth, -1);
    }
    this.model.verdict(answers, truth);
    return this.log.put(id, { truth, pattern: patternOf(answers) });
  }

  checkpoint(): CheckpointDelta {
    const { put, drop } = this.log.changes();
    return {
      put: put.map(([chunk, verdicts]) => ({
        name: `${PART}${chunk}`,
        bytes: new TextEncoder().encode(JSON.stringify(verdicts)),
      })),
      drop: drop.map((chunk) => `${PART}${chunk}`),
    };
  }

  /** False when the part is none of its own. */
  restore({ name, bytes }: StatePart): boolean {
    if (!name.startsWith(PART)) return false;
    this.log.load(Number(name.slice(PART.length)), JSON.parse(new TextDecoder().decode(bytes)));
    return true;
  }
}
