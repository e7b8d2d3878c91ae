/** One run of a job in a process of its own. */
export interface Sample {
  /** User and system, all threads of the process. */
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly peakMiB: number;
}
