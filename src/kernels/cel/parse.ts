import { Environment } from '@marcbachmann/cel-js';

/** Bounds of an expression, all checked at load. */
export const CEL_LIMITS = {
  maxChars: 4_000,
  maxAstNodes: 500,
  maxDepth: 50,
  maxListElements: 1_000,
  maxMapEntries: 100,
  maxCallArguments: 8,
  /** Comprehensions inside comprehensions: two levels cost at most n². */
  maxComprehensionDepth: 2,
} as const;

/** A node of the parser's tree; the shape of `args` depends on `op`. */
export interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
}

/** Where an expression is wrong: `at` is the offset in its text. */
export class CelError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.name = 'CelError';
    this.at = at;
  }
}

export const COMPREHENSIONS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const environment = makeEnvironment();

function makeEnvironment(): Environment {
  const env = new Environment({
    homogeneousAggregateLiterals: false,
    limits: {
      maxAstNodes: CEL_LIMITS.maxAstNodes,
      maxDepth: CEL_LIMITS.maxDepth,
      maxListElements: CEL_LIMITS.maxListElements,
      maxMapEntries: CEL_LIMITS.maxMapEntries,
      maxCallArguments: CEL_LIMITS.maxCallArguments,
    },
  });
  env.registerVariable('record', 'map');
  // JSON has one kind of number, so literals of both kinds mix; the handlers are never called (see evaluate.ts).
  const never = () => {
    throw new Error('unreachable');
  };
  for (const op of ['+', '-', '*', '/', '%']) {
    env.registerOperator(`int ${op} double: double`, never);
    env.registerOperator(`double ${op} int: double`, never);
  }
  env.registerOperator('double % double: double', never);
  env.registerOperator('int == double', never);
  env.registerFunction('abs(double): double', never);
  env.registerFunction('abs(int): int', never);
  return env;
}

/**
 * The checked tree of an expression over `record`. Throws CelError with the offset of what is wrong: syntax, unknown
 * names and functions, operands that can never fit, limits, and reads of `__proto__`, `constructor`, `prototype`.
 */
export function parseCel(text: string): { readonly ast: CelNode; readonly isCondition: boolean } {
  if (text.length > CEL_LIMITS.maxChars)
    throw new CelError(`the expression is longer than ${CEL_LIMITS.maxChars} characters`, 0);
  let parsed: ReturnType<Environment['parse']>;
  try {
    parsed = environment.parse(text);
  } catch (error) {
    throw toCelError(error);
  }
  const checked = parsed.check();
  if (!checked.valid) throw toCelError(checked.error);
  const ast = parsed.ast as unknown as CelNode; // the library types args loosely
  inspect(ast, 0);
  return { ast, isCondition: checked.type === 'bool' || checked.type === 'dyn' };
}

function toCelError(error: unknown): CelError {
  const e = error as { summary?: string; message?: string; range?: { start: number } }; // errors of the library carry a range
  return new CelError(e.summary ?? e.message ?? String(error), e.range?.start ?? 0);
}

/** Walks the tree once: forbidden names and the nesting of comprehensions. */
function inspect(node: CelNode, depth: number): void {
  if (node.op === '.' || node.op === '.?') refuseName((node.args as [CelNode, string])[1], node);
  if (node.op === 'value') {
    if (node.args instanceof Uint8Array) throw new CelError('bytes are not supported: JSON has none', node.start);
    if (typeof node.args === 'string') refuseName(node.args, node);
    if (typeof node.args === 'bigint' && !Number.isSafeInteger(Number(node.args)))
      throw new CelError('an integer beyond 2^53 cannot be compared exactly', node.start);
  }
  let inner = depth;
  if (node.op === 'rcall' && COMPREHENSIONS.has((node.args as [string])[0])) {
    inner++;
    if (inner > CEL_LIMITS.maxComprehensionDepth)
      throw new CelError(
        `comprehensions nest at most ${CEL_LIMITS.maxComprehensionDepth} deep, so that cost stays bounded`,
        node.start,
      );
  }
  for (const child of childrenOf(node)) inspect(child, inner);
}

function refuseName(name: string, node: CelNode): void {
  if (FORBIDDEN.has(name)) throw new CelError(`'${name}' is not a field an expression may read`, node.start);
}

export function childrenOf(node: CelNode): CelNode[] {
  const found: CelNode[] = [];
  collect(node.args, found);
  return found;
}

function collect(value: unknown, into: CelNode[]): void {
  if (Array.isArray(value)) for (const item of value) collect(item, into);
  else if (isNode(value)) into.push(value);
}

export function isNode(value: unknown): value is CelNode {
  return value !== null && typeof value === 'object' && 'op' in value && 'args' in value;
}
