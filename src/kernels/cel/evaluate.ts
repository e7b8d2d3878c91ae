import { callFunction, callMethod } from './functions.ts';
import { CelError, type CelNode, COMPREHENSIONS } from './parse.ts';
import { arithmetic, celEquals, compareValues, isNullish, misfit, WRONG } from './values.ts';

/** Elements all comprehensions of one evaluation may visit together. */
const MAX_VISITS = 100_000;

/** What an evaluation carries: the record's value, variables of comprehensions, and how many elements it has visited. */
export interface Frame {
  record: unknown;
  visits: number;
  readonly vars: unknown[];
}

export type Evaluator = (frame: Frame) => unknown;

/** Turns a checked tree into closures. Names of comprehension variables become slots of the frame. */
export function compileNode(node: CelNode, vars: readonly string[] = []): Evaluator {
  switch (node.op) {
    case 'value':
      return constant(node.args);
    case 'id':
      return variable(node, vars);
    case '.': {
      const [target, name] = node.args as [CelNode, string];
      if (target.op === 'id' && target.args === 'record' && !vars.includes('record'))
        return (frame) => ownField(frame.record, name);
      const of = compileNode(target, vars);
      return (frame) => ownField(of(frame), name);
    }
    case '[]': {
      const [of, index] = compileAll(node.args as CelNode[], vars);
      return (frame) => element(of!(frame), index!(frame));
    }
    case 'list': {
      const items = compileAll(node.args as CelNode[], vars);
      return (frame) => items.map((item) => item(frame) ?? null);
    }
    case 'map':
      return mapLiteral(node, vars);
    case '?:': {
      const [test, yes, no] = compileAll(node.args as CelNode[], vars);
      return (frame) => {
        const chosen = test!(frame);
        return chosen === true ? yes!(frame) : chosen === false ? no!(frame) : misfit(chosen, true);
      };
    }
    case '!_': {
      const of = compileNode(node.args as CelNode, vars);
      return (frame) => {
        const value = of(frame);
        return typeof value === 'boolean' ? !value : misfit(value, true);
      };
    }
    case '-_': {
      const of = compileNode(node.args as CelNode, vars);
      return (frame) => {
        const value = of(frame);
        return typeof value === 'number' ? -value : misfit(value, 0);
      };
    }
    case 'call':
      return call(node, vars);
    case 'rcall':
      return methodCall(node, vars);
    default:
      return binary(node, vars);
  }
}

function compileAll(nodes: readonly CelNode[], vars: readonly string[]): Evaluator[] {
  return nodes.map((node) => compileNode(node, vars));
}

function constant(value: unknown): Evaluator {
  const plain = typeof value === 'bigint' ? Number(value) : value;
  return () => plain;
}

function variable(node: CelNode, vars: readonly string[]): Evaluator {
  const slot = vars.lastIndexOf(node.args as string);
  if (slot >= 0) return (frame) => frame.vars[slot];
  if (node.args === 'record') return (frame) => frame.record;
  throw new CelError(`unknown name '${String(node.args)}': the record is called 'record'`, node.start);
}

/** Own property of a map; undefined when missing or nothing can be said, WRONG when there are no fields. */
function ownField(of: unknown, name: string): unknown {
  if (typeof of === 'object' && of !== null && !Array.isArray(of))
    return Object.hasOwn(of, name) ? (of as Record<string, unknown>)[name] : undefined; // a plain map
  return misfit(of, true);
}

function element(of: unknown, index: unknown): unknown {
  if (Array.isArray(of) && typeof index === 'number') return Number.isInteger(index) && index >= 0 ? of[index] : WRONG;
  if (typeof index === 'string') {
    if (index === '__proto__' || index === 'constructor' || index === 'prototype') return undefined;
    return ownField(of, index);
  }
  return misfit(of, index);
}

function mapLiteral(node: CelNode, vars: readonly string[]): Evaluator {
  const entries = (node.args as [CelNode, CelNode][]).map(([key, value]) => compileAll([key, value], vars));
  return (frame) => {
    const result: Record<string, unknown> = Object.create(null);
    for (const [key, value] of entries) {
      const name = key!(frame);
      if (typeof name !== 'string') return misfit(name, '');
      result[name] = value!(frame) ?? null;
    }
    return result;
  };
}

function binary(node: CelNode, vars: readonly string[]): Evaluator {
  const [left, right] = node.args as [CelNode, CelNode];
  const a = compileNode(left, vars);
  const b = compileNode(right, vars);
  switch (node.op) {
    case '==':
    case '!=':
      return equality(node.op === '==', isNull(left) || isNull(right), a, b);
    case '<':
      return comparison(a, b, (order) => order < 0);
    case '<=':
      return comparison(a, b, (order) => order <= 0);
    case '>':
      return comparison(a, b, (order) => order > 0);
    case '>=':
      return comparison(a, b, (order) => order >= 0);
    case '&&':
      return logical(a, b, false);
    case '||':
      return logical(a, b, true);
    case 'in':
      return (frame) => membership(a(frame), b(frame));
    case '+':
    case '-':
    case '*':
    case '/':
    case '%': {
      const op = node.op;
      return (frame) => arithmetic(op, a(frame), b(frame));
    }
    default:
      throw new CelError(`'${node.op}' is not supported`, node.start);
  }
}

function isNull(node: CelNode): boolean {
  return node.op === 'value' && node.args === null;
}

function equality(wanted: boolean, withNull: boolean, a: Evaluator, b: Evaluator): Evaluator {
  if (withNull)
    return (frame) => {
      const left = a(frame);
      const right = b(frame);
      if (left === WRONG || right === WRONG) return WRONG;
      return (isNullish(left) && isNullish(right)) === wanted;
    };
  return (frame) => {
    const left = a(frame);
    const right = b(frame);
    if (left === WRONG || right === WRONG || isNullish(left) || isNullish(right)) return misfit(left, right);
    return celEquals(left, right) === wanted;
  };
}

function comparison(a: Evaluator, b: Evaluator, test: (order: number) => boolean): Evaluator {
  return (frame) => {
    const order = compareValues(a(frame), b(frame));
    return typeof order === 'number' ? test(order) : order;
  };
}

/** `decisive` settles it from either side, whatever the other one is. */
function logical(a: Evaluator, b: Evaluator, decisive: boolean): Evaluator {
  return (frame) => {
    const left = a(frame);
    if (left === decisive) return decisive;
    const right = b(frame);
    if (right === decisive) return decisive;
    if (left === !decisive && right === !decisive) return !decisive;
    const wrong = (v: unknown) => v === WRONG || (typeof v !== 'boolean' && !isNullish(v));
    return wrong(left) || wrong(right) ? WRONG : undefined;
  };
}

function membership(value: unknown, of: unknown): unknown {
  if (value === WRONG || of === WRONG || isNullish(value) || isNullish(of)) return misfit(value, of);
  if (Array.isArray(of)) {
    for (const item of of) if (celEquals(item, value)) return true;
    return false;
  }
  if (typeof of === 'object' && typeof value === 'string') return Object.hasOwn(of, value);
  return WRONG;
}

function call(node: CelNode, vars: readonly string[]): Evaluator {
  const [name, args] = node.args as [string, CelNode[]];
  if (name === 'has') {
    const of = compileNode(args[0]!, vars);
    return (frame) => {
      const value = of(frame);
      return value !== undefined && value !== WRONG;
    };
  }
  return callFunction(name, compileAll(args, vars), node);
}

function methodCall(node: CelNode, vars: readonly string[]): Evaluator {
  const [name, receiver, args] = node.args as [string, CelNode, CelNode[]];
  const of = compileNode(receiver, vars);
  if (!COMPREHENSIONS.has(name)) return callMethod(name, of, { node, args, compile: (arg) => compileNode(arg, vars) });
  const variableNode = args[0]!;
  const inner = [...vars, variableNode.args as string];
  const bodies = compileAll(args.slice(1), inner);
  const slot = vars.length;
  return (frame) => {
    const list = of(frame);
    if (!Array.isArray(list)) return isNullish(list) ? undefined : WRONG;
    frame.visits += list.length;
    if (frame.visits > MAX_VISITS) return WRONG;
    return comprehend(
      name,
      list,
      (item, which) => {
        frame.vars[slot] = item;
        return bodies[which]!(frame);
      },
      bodies.length,
    );
  };
}

function comprehend(
  name: string,
  list: readonly unknown[],
  body: (item: unknown, which: number) => unknown,
  bodies: number,
): unknown {
  if (name === 'map') {
    const result: unknown[] = [];
    for (const item of list) {
      if (bodies === 2 && body(item, 0) !== true) continue;
      const mapped = body(item, bodies - 1);
      if (mapped === WRONG) return WRONG;
      result.push(mapped ?? null);
    }
    return result;
  }
  let hits = 0;
  let unknown: unknown = true;
  const kept: unknown[] = [];
  for (const item of list) {
    const verdict = body(item, 0);
    if (verdict === true) {
      if (name === 'exists') return true;
      hits++;
      kept.push(item);
    } else if (verdict === false) {
      if (name === 'all') return false;
    } else if (unknown !== WRONG) unknown = misfit(verdict, true);
  }
  if (name === 'filter') return unknown === WRONG ? WRONG : kept;
  if (unknown !== true) return unknown;
  return name === 'all' ? true : name === 'exists' ? false : hits === 1;
}
