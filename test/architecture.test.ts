import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkArchitecture, readSources } from '../scripts/architecture.ts';

const src = join(import.meta.dirname, '..', 'src');

describe('architecture', () => {
  it('every source file keeps to its layer', () => {
    const files = readSources(src);
    expect(files.length).toBeGreaterThan(20);
    expect(checkArchitecture(files)).toEqual([]);
  });

  it.each([
    ['kernels/x.ts', "import { a } from '../runtime/task.ts';", 'kernels may not import runtime'],
    ['core/x.ts', "import type { A } from '../formats/json.ts';", 'core may not import formats'],
    ['operators/x.ts', "import { map } from 'rxjs';", 'operators may not import rxjs'],
    ['brokers/kafka/x.ts', "export { a } from '../../formats/index.ts';", 'brokers may not import formats'],
    ['topology/x.ts', "const a = await import('../runtime/run.ts');", 'topology may not import runtime'],
    ['runtime/x.ts', 'const t = Date.now();', 'Date.now'],
    ['formats/x.ts', 'const e = process.env.HOME;', 'process.env'],
    ['telemetry/x.ts', "console.log('x');", 'console'],
    ['odd/x.ts', '', 'has no layer'],
  ])('a planted violation in %s is found', (path, text, words) => {
    expect(checkArchitecture([{ path, text }]).join('\n')).toContain(words);
  });
});
