import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/core/errors.ts';
import { lintTopology, loadTopology, parseTopology, planTopology } from '../../src/topology/index.ts';
import { literalFormats, literalOperators, yaml } from './literal-operators.ts';

const where = { file: 't.yaml', folder: '/nowhere' };

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.code;
    throw error;
  }
  return 'none';
}

describe('parsing a topology', () => {
  const topology = parseTopology(
    yaml(`
      name: films   # a comment
      input:
        topic: raw
        key: [id, "the time"]
      steps:
        - id: a
          with: &shared
            rules:
              - { field: x }
        - id: b
          with: *shared
      empty:
    `),
    where,
  );

  it.each([
    [['name'], 'key', '1:1'],
    [['name'], 'value', '1:7'],
    [['input', 'topic'], 'value', '3:10'],
    [['input', 'key', 1], 'value', '4:13'],
    [['steps', 0, 'with', 'rules', 0, 'field'], 'value', '9:20'],
    [['steps', 0, 'with', 'rules', 0, 'field'], 'key', '9:13'],
    [['steps', 1, 'id'], 'value', '10:9'],
    [['steps', 1, 'with'], 'value', '11:11'],
    [['steps', 1, 'with', 'rules', 0, 'field'], 'value', '9:20'],
    [['empty'], 'value', '12:1'],
    [['input', 'nothing', 'there'], 'value', '2:1'],
    [['steps', 7], 'value', '5:1'],
    [[], 'value', '1:1'],
  ] as const)('the place of %j as %s is %s', (path, at, expected) => {
    const { line, column } = topology.locate(path, at);
    expect(`${line}:${column}`).toBe(expected);
  });

  it('dates, country codes and version numbers stay text or numbers as YAML 1.2 reads them', () => {
    const { raw } = parseTopology('a: [1900-01-01, NO, yes, 0o17, 1e3, 12:30]', where);
    expect(raw).toEqual({ a: ['1900-01-01', 'NO', 'yes', 15, 1000, '12:30'] });
  });

  it('an own key called __proto__ does not become a prototype', () => {
    const { raw } = parseTopology('__proto__: { polluted: true }\nname: x', where);
    expect(Object.getPrototypeOf(raw)).toBe(Object.prototype);
    expect((raw as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('aliases that expand without end, deep nesting and large files are refused at once', () => {
    const levels = Array.from({ length: 12 }, (_, i) =>
      i === 0 ? 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]' : `a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}*a${i - 1}]`,
    );
    expect(codeOf(() => parseTopology(levels.join('\n'), where))).toBe('alias-bomb');
    expect(codeOf(() => parseTopology('['.repeat(200_000), where))).toMatch(/too-deep|yaml/);
    expect(codeOf(() => parseTopology(`{a: ${'['.repeat(20_000)}${']'.repeat(20_000)}}`, where))).toMatch(
      /too-deep|yaml/,
    );
    expect(codeOf(() => parseTopology('x'.repeat(1024 * 1024 + 1), where))).toBe('too-large');
  });

  it('any text is a topology, or an error with a place: never another exception', () => {
    const piece = fc.constantFrom(
      'name',
      ': ',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&a ',
      '*a',
      '|',
      '>',
      '!t ',
      '#',
      ',',
      '?',
      'steps',
      'use',
      '\t',
      '%',
      '@',
      '---\n',
      '\u0000',
      'é',
    );
    const options = { operators: literalOperators, formats: literalFormats };
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          for (const issue of lintTopology(parseTopology(pieces.join(''), where), options)) {
            expect(issue.position.line).toBeGreaterThan(0);
            expect(issue.remedy).not.toBe('');
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect((error as ConfigError).issues.length).toBeGreaterThan(0);
        }
      }),
      { seed: 3, numRuns: 2_000 },
    );
  });

  it('any value in any place of a good file is accepted or reported: never another exception', () => {
    const good = {
      name: 'good',
      input: { topic: 'raw', key: ['id'], eventTime: 'at', start: 'earliest' },
      steps: [{ id: 'a', use: 'once', from: 'input', with: { key: ['id'], window: 'all' } }],
      output: { topic: 'out', findings: 'none' },
      outputs: { 'a.late': 'late' },
      quarantine: { topic: 'q' },
      limits: { maxHeldBytes: '1MiB' },
      kafka: { brokers: ['a:1'] },
    };
    const options = { operators: literalOperators, formats: literalFormats };
    const paths: (string | number)[][] = [];
    const collect = (value: unknown, path: (string | number)[]): void => {
      if (path.length > 0) paths.push(path);
      if (value !== null && typeof value === 'object')
        for (const [key, inner] of Object.entries(value))
          collect(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    };
    collect(good, []);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 3 }), (path, value) => {
        const raw: Record<string | number, unknown> = structuredClone(good);
        const parent = path.slice(0, -1).reduce((node, key) => node[key] as Record<string | number, unknown>, raw);
        parent[path.at(-1)!] = value;
        lintTopology({ raw, ...where, locate: () => ({ file: 't', line: 1, column: 1 }) }, options);
      }),
      { seed: 5, numRuns: 3_000 },
    );
  });
});

describe('files and secrets', () => {
  let folder = '';
  const ref = (text: string) => `$\{${text}}`;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-load-'));
    mkdirSync(join(folder, 'topology', 'secrets'), { recursive: true });
    writeFileSync(join(folder, 'outside'), 'stolen');
    writeFileSync(join(folder, 'topology', 'secrets', 'password'), 'from-file\n');
    symlinkSync(join(folder, 'outside'), join(folder, 'topology', 'link'));
    writeFileSync(join(folder, 'topology', 'bytes.yaml'), Buffer.from([0x6e, 0xff, 0xfe]));
    const text = (password: string) =>
      `name: s\ninput: { topic: raw }\nsteps: []\noutput: { topic: out }\nkafka: { clientId: "${password}" }\n`;
    writeFileSync(join(folder, 'topology', 'env.yaml'), text(`a-${ref('env:PASSWORD')}-b`));
    writeFileSync(join(folder, 'topology', 'file.yaml'), text(ref('file:secrets/password')));
    writeFileSync(join(folder, 'topology', 'up.yaml'), text(ref('file:../outside')));
    writeFileSync(join(folder, 'topology', 'link.yaml'), text(ref('file:link')));
    writeFileSync(join(folder, 'topology', 'absolute.yaml'), text(ref(`file:${join(folder, 'outside')}`)));
    writeFileSync(join(folder, 'topology', 'folder.yaml'), text(ref('file:.')));
    projected(text(ref('file:secrets/password')));
  });

  /** As Kubernetes lays a projected volume: files in a folder of their version, `..data` that names it, links above. */
  function projected(topology: string): void {
    const mount = join(folder, 'mount');
    mkdirSync(join(mount, '..2026_01_01', 'secrets'), { recursive: true });
    writeFileSync(join(mount, '..2026_01_01', 't.yaml'), topology);
    writeFileSync(join(mount, '..2026_01_01', 'secrets', 'password'), 'from-volume');
    symlinkSync('..2026_01_01', join(mount, '..data'));
    for (const name of ['t.yaml', 'secrets']) symlinkSync(join('..data', name), join(mount, name));
  }
  afterAll(() => rmSync(folder, { recursive: true }));

  const kafka = async (name: string, env?: Record<string, string>) => {
    const topology = await loadTopology(join(folder, 'topology', name));
    const options = { operators: literalOperators, formats: literalFormats };
    return planTopology(topology, env === undefined ? options : { ...options, env }).kafka;
  };

  it('a connection takes values from the environment and from files below the folder', async () => {
    expect(await kafka('env.yaml', { PASSWORD: 'p' })).toEqual({ clientId: 'a-p-b' });
    expect(await kafka('file.yaml', {})).toEqual({ clientId: 'from-file' });
  });

  it('a projected volume is such a folder, although its links go through folders that begin with two dots', async () => {
    expect(await kafka(join('..', 'mount', 't.yaml'), {})).toEqual({ clientId: 'from-volume' });
  });

  it('without an environment references stay as they are written', async () => {
    expect(await kafka('env.yaml')).toEqual({ clientId: `a-${ref('env:PASSWORD')}-b` });
  });

  it.each(['up.yaml', 'link.yaml', 'absolute.yaml', 'folder.yaml'])('%s may not leave the folder', async (name) => {
    await expect(kafka(name, {})).rejects.toThrow(
      /secret-missing: kafka\.clientId: the file .* outside the topology's folder; put it below/,
    );
  });

  it('a file that is missing or no text is an error that names it', async () => {
    await expect(loadTopology(join(folder, 'none.yaml'))).rejects.toThrow(/none\.yaml:1:1: error unreadable: .*ENOENT/);
    await expect(loadTopology(join(folder, 'topology', 'bytes.yaml'))).rejects.toThrow('is not UTF-8 text');
  });
});
