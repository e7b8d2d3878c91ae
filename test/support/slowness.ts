/** Nanoseconds of processor time the sample takes where the figures were measured. */
const REFERENCE_NS = 900;
const ROUNDS = 50_000;
const SAMPLE = JSON.stringify(
  Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`field${i}`, i % 2 ? i : 'text'])),
);

/** How many times slower than that this machine is just now, busy neighbours included; 1 for a faster one. */
export function slowness(): number {
  for (let i = 0; i < ROUNDS; i++) JSON.parse(SAMPLE);
  const before = process.threadCpuUsage();
  for (let i = 0; i < ROUNDS; i++) JSON.parse(SAMPLE);
  const { user, system } = process.threadCpuUsage(before);
  return Math.max(1, ((user + system) * 1000) / ROUNDS / REFERENCE_NS);
}
