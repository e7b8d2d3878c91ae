import type { Upstream } from '../core/broker.ts';

/**
 * Stream time behind a repartition: the minimum over the upstream tasks heard of, each released by its `end` or `idle`, so
 * that a slower partition upstream is not late. It never goes back.
 */
export class UpstreamClock {
  /** Stream time by task; null once it was released, NaN without a clock. */
  private readonly times = new Map<string, number | null>();
  private readonly ended = new Set<string>();
  private now = Number.NaN;

  /** Stream time at this record. */
  observe(upstream: Upstream): number {
    if (upstream.control === 'end') this.ended.add(upstream.task);
    else this.ended.delete(upstream.task);
    this.times.set(upstream.task, upstream.control === undefined ? upstream.time : null);
    let least = Number.POSITIVE_INFINITY;
    for (const time of this.times.values()) if (time !== null && time < least) least = time;
    if (least !== Number.POSITIVE_INFINITY && !(least <= this.now)) this.now = least;
    return this.now;
  }

  /** How many upstream tasks have written their end. */
  get endedTasks(): number {
    return this.ended.size;
  }

  save(): [string, number | null][] {
    return [...this.times].map(([task, time]) => [
      this.ended.has(task) ? `${task}\0end` : task,
      time === null || Number.isNaN(time) ? null : time,
    ]);
  }

  restore(saved: readonly (readonly [string, number | null])[], now: number): void {
    this.now = now;
    for (const [name, time] of saved) {
      const task = name.replace('\0end', '');
      if (task !== name) this.ended.add(task);
      this.times.set(task, time);
    }
  }
}
