import type { InputPlan } from '../topology/plan.ts';

/** Times beyond belief that must agree before the clock starts, or jumps, without a timestamp to compare with. */
export const CLOCK_CANDIDATES = 10;

export interface ClockState {
  /** NaN until the clock has started. */
  streamTime: number;
  /** Event times in a row that no believable one has interrupted, oldest first. */
  candidates: number[];
}

export type Verdict = 'none' | 'no-event-time' | 'early-event' | 'late-event';

/**
 * Stream time: the running maximum of the believable event times. A time is believable when it is at most `maxAhead`
 * beyond the record's own timestamp, or, where there is none, beyond stream time; without a timestamp the clock starts, or
 * jumps, to the largest of ten candidates in a row that all lie within `maxAhead` of the newest (DESIGN 3): ten of many would let one
 * stray time a little ahead start it.
 */
export class StreamClock {
  readonly state: ClockState = { streamTime: Number.NaN, candidates: [] };
  private readonly maxAheadMs: number;
  private readonly latenessMs: number;

  constructor(input: Pick<InputPlan, 'latenessMs'>, maxAheadMs: number) {
    this.maxAheadMs = maxAheadMs;
    this.latenessMs = input.latenessMs;
  }

  /** Takes the record's event time (NaN: unreadable) and its transport timestamp (NaN: none); afterwards `state.streamTime` is the time at this record. */
  observe(eventTime: number, timestamp: number): Verdict {
    const state = this.state;
    if (Number.isNaN(eventTime)) return 'no-event-time';
    const reference = Number.isNaN(timestamp) ? state.streamTime : timestamp;
    if (this.maxAheadMs !== Number.POSITIVE_INFINITY && !(eventTime <= reference + this.maxAheadMs)) {
      if (!Number.isNaN(timestamp)) return 'early-event';
      const started = !Number.isNaN(state.streamTime);
      this.candidate(eventTime);
      return started ? 'early-event' : 'none';
    }
    if (state.candidates.length > 0) state.candidates = [];
    // without a declared lateness every record that is not the newest would be "late": only windows judge then
    const late = this.latenessMs > 0 && eventTime < state.streamTime - this.latenessMs;
    if (!(eventTime <= state.streamTime)) state.streamTime = eventTime;
    return late ? 'late-event' : 'none';
  }

  private candidate(eventTime: number): void {
    const candidates = this.state.candidates;
    candidates.push(eventTime);
    if (candidates.length > CLOCK_CANDIDATES) candidates.shift();
    if (candidates.length < CLOCK_CANDIDATES || candidates.some((time) => Math.abs(time - eventTime) > this.maxAheadMs))
      return;
    this.state.streamTime = Math.max(...candidates);
    this.state.candidates = [];
  }
}
