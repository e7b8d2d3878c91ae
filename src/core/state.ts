/**
 * State of a kernel as named byte parts. A checkpoint puts the parts that changed and drops those that are over, so its
 * size follows what changed. The runtime prefixes names with the step id; brokers add a CRC and store them.
 */
export interface StatePart {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface CheckpointDelta {
  readonly put: readonly StatePart[];
  readonly drop: readonly string[];
}
