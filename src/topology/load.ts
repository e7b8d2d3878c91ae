import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { ConfigError, type SourceIssue, type SourcePosition } from '../core/errors.ts';
import { formatIssue, type Path, throwIssues } from './issues.ts';

/** A topology as the user wrote it: plain values, and the place of each in the file. */
export interface Topology {
  readonly raw: unknown;
  /** As given, for messages. */
  readonly file: string;
  /** The file word for word; absent when a program made it. */
  readonly text?: string;
  /** Absolute; files named in the topology resolve below it. */
  readonly folder: string;
  /** Place of a key or a value; of the nearest thing above when it does not exist. */
  locate(path: Path, at: 'key' | 'value'): SourcePosition;
}

/** A topology is written by hand: 1 MiB is far beyond any real one. */
const MAX_BYTES = 1024 * 1024;
/** Uses of anchors in one file, whatever they expand to. */
const MAX_ALIASES = 100;
/** Values after aliases were expanded. */
const MAX_NODES = 200_000;

export async function loadTopology(path: string): Promise<Topology> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw tooLarge(path, size);
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const message =
      error instanceof TypeError
        ? 'the topology is not UTF-8 text'
        : `the topology cannot be read (${errorCode(error)})`;
    throw fileError(path, {
      code: 'unreadable',
      message,
      remedy: 'give the path of a readable YAML file',
      cause: error,
    });
  }
  return parseTopology(text, { file: path, folder: dirname(resolve(path)) });
}

/** Parses YAML 1.2 (core schema: no tags, no merge keys) with positions; throws ConfigError with every syntax error. */
export function parseTopology(text: string, where: { readonly file: string; readonly folder: string }): Topology {
  const { file, folder } = where;
  if (text.length > MAX_BYTES) throw tooLarge(file, text.length);
  const lines = new LineCounter();
  const place = (offset: number): SourcePosition => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = parseYaml(text, lines, file);
  throwIssues(syntaxIssues(document, place), 'load');
  const raw = toPlain(document, file);
  return { raw, file, text, folder, locate: (path, at) => place(offsetOf(document, path, at)) };
}

function parseYaml(text: string, lines: LineCounter, file: string): Document {
  try {
    return parseDocument(text, {
      lineCounter: lines,
      version: '1.2',
      schema: 'core',
      merge: false,
      uniqueKeys: true,
      prettyErrors: false,
      customTags: null,
    });
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(file, error); // the stack of a recursive parser: nesting
    throw error;
  }
}

function toPlain(document: Document, file: string): unknown {
  let nodes = 0;
  try {
    return document.toJS({
      maxAliasCount: MAX_ALIASES,
      reviver: (_key, value) => {
        if (++nodes > MAX_NODES) throw new ReferenceError('too many values');
        return value;
      },
    });
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(file, error);
    throw fileError(file, {
      code: 'alias-bomb',
      message: `the file expands to more than ${MAX_NODES} values or ${MAX_ALIASES} uses of an anchor`,
      remedy: 'write the values out',
      cause: error,
    });
  }
}

const REMEDIES: Partial<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'align it with the lines around it',
  DUPLICATE_KEY: 'keep one of the two',
  MULTIPLE_DOCS: 'keep one topology a file, without `---` between',
  MISSING_CHAR: 'close the bracket or quote, or add the missing character',
  MULTILINE_IMPLICIT_KEY: 'put the key on one line, followed by a colon',
  BLOCK_AS_IMPLICIT_KEY: 'quote a value that contains `: `',
  BAD_ALIAS: 'define the anchor above, or quote a value that begins with `*`',
  BAD_SCALAR_START: 'quote a value that begins with @, ` or %',
  BAD_DQ_ESCAPE: 'use single quotes for text with backslashes',
  TAG_RESOLVE_FAILED: 'remove the tag: values have the type they are written as',
};

function remedyFor(error: YAMLError): string {
  if (error.code === 'BAD_INDENT' && error.message.includes('end with'))
    return 'close the bracket above, or indent this line';
  return REMEDIES[error.code] ?? 'correct the YAML here';
}

function syntaxIssues(document: Document, place: (offset: number) => SourcePosition): SourceIssue[] {
  const issues: SourceIssue[] = [];
  const add = (offset: number, code: string, message: string, remedy: string) =>
    issues.push({ code, level: 'error', position: place(offset), message, remedy });
  const problem = (error: YAMLError) =>
    add(
      error.pos[0],
      error.code === 'DUPLICATE_KEY' ? 'duplicate-key' : 'yaml',
      error.code === 'MULTIPLE_DOCS' ? 'found a second document' : (error.message.split('\n')[0] ?? error.code),
      remedyFor(error),
    );
  document.errors.forEach(problem);
  document.warnings.forEach(problem);
  if (issues.length > 0) return issues;
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) === undefined)
        add(startOf(alias) ?? 0, 'yaml', `found no anchor for the alias *${alias.source}`, REMEDIES.BAD_ALIAS ?? '');
    },
    Pair: (_key, pair) => {
      const key = pair.key;
      if (isScalar(key) && typeof key.value !== 'object') {
        if (key.value === '<<') add(key.range?.[0] ?? 0, 'merge-key', 'found a merge key `<<`', 'write the keys out');
        return undefined;
      }
      const offset = isScalar(key) || isMap(key) || isSeq(key) ? (key.range?.[0] ?? 0) : 0;
      add(offset, 'bad-key', 'expected a plain name as key, found something else', 'quote the key if it is text');
      return undefined;
    },
  });
  return issues;
}

/** Offset of the key or value at `path`; aliases are followed; falls back to what is there. */
function offsetOf(document: Document, path: Path, at: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (let depth = 0; depth < path.length; depth++) {
    if (isAlias(node)) node = node.resolve(document);
    const step = path[depth]!;
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return offset;
      const keyOffset = startOf(pair.key) ?? offset;
      const empty = isScalar(pair.value) && pair.value.value === null && pair.value.source === '';
      node = pair.value;
      offset = (last && at === 'key') || !last || empty ? keyOffset : (startOf(node) ?? keyOffset);
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)];
      if (item === undefined) return offset;
      node = item;
      offset = startOf(item) ?? offset;
    } else return offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? undefined) : undefined;
}

function tooLarge(file: string, bytes: number): ConfigError {
  const message = `expected a topology of at most 1 MiB, found ${bytes} bytes`;
  return fileError(file, { code: 'too-large', message, remedy: 'move long lists into files of their own' });
}

function tooDeep(file: string, cause: unknown): ConfigError {
  const message = 'the file is nested too deeply';
  return fileError(file, { code: 'too-deep', message, remedy: 'write fewer levels', cause });
}

function fileError(
  file: string,
  error: { readonly code: string; readonly message: string; readonly remedy: string; readonly cause?: unknown },
): ConfigError {
  const { code, message, remedy, cause } = error;
  const issue: SourceIssue = { code, level: 'error', position: { file, line: 1, column: 1 }, message, remedy };
  return new ConfigError(formatIssue(issue), { code, issues: [issue], cause });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
