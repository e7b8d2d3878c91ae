// Preloaded into every variant: on exit writes the CPU time (user + system, all threads) and peak memory of the process.
import { writeFileSync } from 'node:fs';

const file = process.env.SLUICE_BENCH_REPORT;
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  if (file !== undefined)
    writeFileSync(file, JSON.stringify({ cpuSeconds: (user + system) / 1e6, peakMiB: maxRSS / 1024 }));
});
