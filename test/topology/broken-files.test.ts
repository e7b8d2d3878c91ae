import { describe, expect, it } from 'vitest';
import { ConfigError, type SourceIssue } from '../../src/core/errors.ts';
import { lintTopology, parseTopology } from '../../src/topology/index.ts';
import { BROKEN } from './broken-files.ts';
import { literalFormats, literalOperators } from './literal-operators.ts';

/** All errors of a text, whichever step found them. */
function errorsOf(text: string): readonly SourceIssue[] {
  try {
    const topology = parseTopology(text, { file: 't.yaml', folder: import.meta.dirname });
    const options = { operators: literalOperators, formats: literalFormats, env: {} };
    return lintTopology(topology, options).filter((issue) => issue.level === 'error');
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
}

describe('broken topology files', () => {
  it('there are at least 100 of them', () => {
    expect(BROKEN.length).toBeGreaterThanOrEqual(100);
    expect(new Set(BROKEN.map(([, text]) => text)).size).toBe(BROKEN.length);
  });

  it.each(BROKEN.map(([code, text, message, remedy]) => ({ code, text, message, remedy })))(
    '$code: $message',
    ({ code, text, message, remedy }) => {
      const before = text.slice(0, text.indexOf('¦')).split('\n');
      const wanted = `${code} at ${before.length}:${before.at(-1)!.length + 1}`;
      const found = errorsOf(text.replace('¦', ''));
      const places = found.map((issue) => `${issue.code} at ${issue.position.line}:${issue.position.column}`);
      expect(places).toContain(wanted);
      const issue = found[places.indexOf(wanted)]!;
      expect(issue.message).toContain(message);
      expect(issue.remedy).toContain(remedy);
      expect(issue.position.file).toBe('t.yaml');
      expect(found.length, 'one mistake is one error').toBe(1);
    },
  );
});
