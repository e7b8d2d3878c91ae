import type { ConfigIssue } from '../../core/operator.ts';
import { CelError, type CelExpression, compileCel } from './cel.ts';

/** What is wrong with an expression at `path` of a config, with its place in the expression; undefined when it compiles. */
export function celIssue(
  text: string,
  path: readonly (string | number)[],
  use: 'condition' | 'value' = 'condition',
): ConfigIssue | undefined {
  try {
    const { isCondition } = compileCel(text);
    if (use === 'value' || isCondition) return undefined;
    const message = 'the expression gives no true or false; compare its value with something';
    return { path, level: 'error', code: 'cel-type', message };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const near = text.slice(error.at, error.at + 24);
    const place = near === '' ? 'at its end' : `at character ${error.at + 1}, near ${JSON.stringify(near)}`;
    return {
      path,
      level: 'error',
      code: 'cel',
      message: `the expression is wrong ${place}: ${error.message.replaceAll(';', ',')}; ${remedyFor(near)}`,
    };
  }
}

function remedyFor(near: string): string {
  if (near === '') return 'finish it, as in record.qty > 0';
  if (/^=[^=]/.test(near)) return 'compare with ==';
  return 'fields are written record.name, texts in quotes';
}

/** Fields an expression reads; none when it does not compile. */
export function celFields(text: string): readonly string[] {
  return tryCompileCel(text)?.fields ?? [];
}

function tryCompileCel(text: string): CelExpression | undefined {
  try {
    return compileCel(text);
  } catch {
    return undefined;
  }
}
