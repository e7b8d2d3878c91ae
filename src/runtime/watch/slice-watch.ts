import { FormatError } from '../../core/errors.ts';
import { compileField, type FieldSlot } from '../../core/field.ts';
import type { KernelStats } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import type { Frame } from '../../topology/frame.ts';
import { add } from '../../topology/frame-counts.ts';
import type { SlicesPlan, StagePlan } from '../../topology/plan.ts';
import { quarantinedRoots, rootsWithFinding } from './outcomes.ts';
import { type SavedSlices, type Slice, SliceFinder, sliceText } from './slice-finder.ts';

const SLICES_STEP = 'slices';
/** Measured size of a kept value, for the state metric. */
const BYTES_PER_ENTRY = 200;
/** A record that could not be decoded belongs to no slice. */
const NOTHING: readonly undefined[] = [];

/** Feeds the slice finder with what became of the records of each frame; events `slices.changed` say what it names. */
export class SliceWatch {
  private readonly finder: SliceFinder;
  private readonly slots: readonly FieldSlot[];
  private readonly against: string;
  private readonly stage: StagePlan;

  constructor(plan: SlicesPlan, stage: StagePlan) {
    this.finder = new SliceFinder({ fields: plan.over, conditions: plan.conditions });
    this.slots = plan.over.map(compileField);
    this.against = plan.against;
    this.stage = stage;
  }

  stats(): KernelStats {
    const { entries, refused } = this.finder;
    return { entries, bytes: entries * BYTES_PER_ENTRY, gauges: [{ name: 'slices_left_out', value: refused }] };
  }

  save(): SavedSlices {
    return this.finder.save();
  }

  restore(saved: SavedSlices): void {
    this.finder.restore(saved);
  }

  apply(frame: Frame): Frame {
    const failed =
      this.against === 'quarantined'
        ? quarantinedRoots(frame, this.stage)
        : rootsWithFinding(frame, this.stage, this.against);
    const own = new Set<DataRecord>();
    const late: [DataRecord, number][] = [];
    for (const [root, cause] of failed) {
      if (frame.roots[cause] === root) own.add(root);
      else late.push([root, cause]);
    }
    late.sort((a, b) => a[1] - b[1]); // stable
    let next = 0;
    for (let i = 0; i < frame.roots.length; i++) {
      for (; next < late.length && late[next]![1] <= i; next++) this.finder.failLate(this.values(late[next]![0]));
      const root = frame.roots[i]!;
      if (this.finder.observe(this.values(root), own.has(root))) this.look(frame, i);
    }
    for (; next < late.length; next++) this.finder.failLate(this.values(late[next]![0]));
    if (frame.tick?.kind === 'end') this.look(frame, -1);
    return frame;
  }

  private values(root: DataRecord): readonly (string | null | undefined)[] {
    try {
      if (root.isTombstone || root.data instanceof FormatError) return NOTHING;
      return this.slots.map((slot) => sliceText(slot.get(root)));
    } catch (error) {
      if (error instanceof FormatError) return NOTHING;
      throw error;
    }
  }

  private look(frame: Frame, cause: number): void {
    const slices = this.finder.look();
    if (slices === undefined) return;
    add(frame.counts.events, `${SLICES_STEP}\0slices.changed`);
    const data = { against: this.against, slices: slices.map(shown) };
    frame.events.push({ step: SLICES_STEP, type: 'slices.changed', data, cause, ordinal: 0 });
  }
}

function shown({ where, ...figures }: Slice) {
  const rounded = Object.entries(figures).map(([name, value]) => [name, Math.round(value * 1e6) / 1e6]);
  return { where: Object.fromEntries(where), ...Object.fromEntries(rounded) };
}
