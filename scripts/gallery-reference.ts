import { mix32 } from '../src/core/hash.ts';
import { normalQuantile } from '../src/kernels/drift/normal.ts';
import { detectDrift } from '../src/operators/detect-drift.ts';
import { runKernel } from '../src/testing/kernel-run.ts';

const RECORDS = 4000;
const SEED = 20_260_301;

/** `topologies/boilers.reference.ndjson`: what the readings of the gallery's boilers are usually like, from seeded ones. */
export async function galleryReference(): Promise<{ readonly path: string; readonly content: string }> {
  const uniform = (i: number, of: number): number => (mix32(mix32(SEED + i) ^ mix32(of)) + 0.5) / 4294967296;
  const rows = Array.from({ length: RECORDS }, (_, i) => ({
    value: {
      temperature: Math.round((72 + 2.5 * normalQuantile(uniform(i, 1))) * 10) / 10,
      state: uniform(i, 2) < 0.85 ? 'heating' : 'idle',
    },
    eventTime: i * 1000,
  }));
  const { out } = await runKernel({
    operator: detectDrift as never, // one of many configs
    config: {
      fields: { temperature: 'numeric', state: 'categorical' },
      reference: { records: RECORDS },
      season: 'none',
    },
    rows,
    cut: RECORDS,
  });
  const lines = out.lines
    .filter((line) => line.includes('event drift.referenced'))
    .map((line) => {
      const data: unknown = JSON.parse(line.slice(line.indexOf('{')));
      return JSON.stringify({ source: 'sluice/boilers/drift', type: 'drift.referenced', data });
    });
  return { path: 'topologies/boilers.reference.ndjson', content: `${lines.join('\n')}\n` };
}
