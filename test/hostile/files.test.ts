import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sluice, summaryOf } from '../e2e/cli.ts';

/** Files and flags as a user may hand them over. Each ends in counts that add up, or in a sentence and an exit code; never in a stack trace. */
let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-files-'));
  writeFileSync(join(dir, 'json.yaml'), topology('json'));
  writeFileSync(join(dir, 'csv.yaml'), topology('csv'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function topology(format: string): string {
  return `name: files\ninput: { topic: in, format: ${format} }\nsteps:\n  - { id: sane, use: check, with: { rules: [{ field: id, required: true }] } }\noutput: { topic: out }\n`;
}

let n = 0;
async function runPath(path: string, format = 'json', ...flags: string[]) {
  return sluice([
    'run',
    join(dir, `${format}.yaml`),
    '--local',
    join(dir, `out-${++n}`),
    '--topic',
    `in=${path}`,
    '--json',
    '--quiet',
    ...flags,
  ]);
}

async function runFile(name: string, content: string | Buffer, format = 'json') {
  const folder = join(dir, `in-${++n}`);
  mkdirSync(folder);
  writeFileSync(join(folder, name), content);
  return runPath(join(folder, name), format);
}

describe('files that are read', () => {
  const good = '{"id":1}\n{"id":2}\n';
  it.each([
    ['empty', 'a.ndjson', '', { in: 0 }],
    ['only line breaks', 'a.ndjson', '\n\n\r\n\n', { in: 0 }],
    ['no final line break', 'a.ndjson', '{"id":1}\n{"id":2}', { in: 2, curated: 2 }],
    ['CRLF', 'a.ndjson', '{"id":1}\r\n{"id":2}\r\n', { in: 2, curated: 2 }],
    ['byte order mark', 'a.ndjson', `\ufeff${good}`, { in: 2, curated: 2 }],
    ['cut in the last line', 'a.ndjson', '{"id":1}\n{"id":', { in: 2, curated: 1, quarantined: 1 }],
    ['a list', 'a.json', '[{"id":1},\n {"id":2}]', { in: 2, curated: 2 }],
    ['a list with a byte order mark', 'a.json', '\ufeff[{"id":1}]', { in: 1, curated: 1 }],
    ['a list that is never closed', 'a.json', '[{"id":1},{"id":2}', { in: 3, curated: 2, quarantined: 1 }],
    ['a list cut in an element', 'a.json', '[{"id":1},{"id":', { in: 3, curated: 1, quarantined: 2 }],
    ['an empty list', 'a.json', '[]', { in: 0 }],
    ['a list of scalars', 'a.json', '[1,"a",null]', { in: 3, quarantined: 3 }],
    ['an object', 'a.json', '{"id":1}', { in: 1, curated: 1 }],
    ['objects one after another', 'a.json', '{"id":1}\n{\n"id":2\n}', { in: 2, curated: 2 }],
    ['an empty json file', 'a.json', '', { in: 0 }],
    ['brackets in texts', 'a.json', '[{"id":"]}[{"},{"id":"\\""}]', { in: 2, curated: 2 }],
    ['gzip', 'a.ndjson.gz', gzipSync(good), { in: 2, curated: 2 }],
    ['zstd', 'a.ndjson.zst', zstdCompressSync(Buffer.from(good)), { in: 2, curated: 2 }],
    ['two gzip members', 'a.ndjson.gz', Buffer.concat([gzipSync(good), gzipSync('{"id":3}\n')]), { in: 3, curated: 3 }],
  ] as const)('%s', async (_name, file, content, counts) => {
    const result = await runFile(file, typeof content === 'string' ? content : Buffer.from(content));
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(summaryOf(result)).toMatchObject(counts);
  });

  it.each([
    ['plain', 'id,b\n1,2\n', { in: 1, curated: 1 }],
    ['only a header', 'id,b\n', { in: 0 }],
    ['empty', '', { in: 0 }],
    ['CRLF and a byte order mark', '\ufeffid,b\r\n1,2\r\n', { in: 1, curated: 1 }],
    ['too few cells', 'id,b\n1\n2,3\n', { in: 2, curated: 1, quarantined: 1 }],
    ['too many cells', 'id,b\n1,2,3\n2,3\n', { in: 2, curated: 1, quarantined: 1 }],
    ['a quoted line break', 'id,b\n1,"x\ny"\n', { in: 1, curated: 1 }],
    ['doubled quotes', 'id,b\n1,"say ""hi"""\n', { in: 1, curated: 1 }],
    ['a quote never closed', 'id,b\n1,2\n2,"x\n3,4\n', { in: 3, curated: 2, quarantined: 1 }],
    ['a quote in the middle of a cell', 'id,b\n1,x"y\n2,3\n', { in: 2, curated: 2 }],
    ['an empty id', 'id,b\n,2\n', { in: 1, quarantined: 1 }],
    ['the same name twice', 'id,id\n1,2\n', { in: 1, curated: 1 }],
    ['a column called __proto__', 'id,__proto__\n1,2\n', { in: 1, curated: 1 }],
    ['blank lines between', 'id,b\n\n1,2\n\n\n3,4\n', { in: 2, curated: 2 }],
    ['not UTF-8', Buffer.from('id,b\n1,\xe9\n2,3\n', 'latin1'), { in: 2, curated: 1, quarantined: 1 }],
    [
      'a thousand columns',
      `id,${Array.from({ length: 999 }, (_, i) => `c${i}`).join(',')}\n1${',x'.repeat(999)}\n`,
      { in: 1, curated: 1 },
    ],
  ] as const)('csv: %s', async (_name, content, counts) => {
    const result = await runFile('a.csv', content, 'csv');
    expect(result).toMatchObject({ code: 0 });
    expect(summaryOf(result)).toMatchObject(counts);
  });

  it('a line of 100 MB is one record that is kept apart, in bounded memory', async () => {
    const result = await runFile(
      'big.ndjson',
      Buffer.concat([Buffer.from('{"id":1}\n{"id":"'), Buffer.alloc(100_000_000, 120), Buffer.from('"}\n{"id":2}\n')]),
    );
    expect(result).toMatchObject({ code: 0 });
    expect(summaryOf(result)).toMatchObject({ in: 3, curated: 2, quarantined: 1 });
  });

  it.each([
    ['gzip', 'bomb.ndjson.gz', (bytes: Buffer) => gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION })],
    ['zstd', 'bomb.ndjson.zst', (bytes: Buffer) => zstdCompressSync(bytes)],
  ] as const)('a %s bomb without a line break ends, in bounded memory', async (_name, file, compress) => {
    const result = await runFile(file, compress(Buffer.alloc(300_000_000, 120)));
    expect(result).toMatchObject({ code: 0 });
    expect(summaryOf(result)).toMatchObject({ in: 1, quarantined: 1 });
  });
});

describe('files that are refused', () => {
  it.each([
    ['missing', (folder: string) => join(folder, 'nothing.ndjson')],
    [
      'a symbolic link to itself',
      (folder: string) => {
        symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
        return join(folder, 'loop');
      },
    ],
    [
      'cut gzip',
      (folder: string) => {
        writeFileSync(join(folder, 'a.ndjson.gz'), gzipSync('{"id":1}\n'.repeat(1000)).subarray(0, 40));
        return folder;
      },
    ],
    [
      'gzip that is none',
      (folder: string) => {
        writeFileSync(join(folder, 'a.ndjson.gz'), 'not gzip');
        return folder;
      },
    ],
    [
      'zstd that is none',
      (folder: string) => {
        writeFileSync(join(folder, 'a.ndjson.zst'), 'not zstd');
        return folder;
      },
    ],
  ] as const)('%s: a sentence that names it, no stack trace', async (_name, make) => {
    const folder = join(dir, `bad-${++n}`);
    mkdirSync(folder);
    const result = await runPath(make(folder));
    expect(result.code).toBeGreaterThanOrEqual(1);
    expect(result.stderr).toContain(`bad-`);
    expect(result.stderr).not.toMatch(/\n {4}at /);
  });

  it('an output folder that cannot be made is named', async () => {
    const file = join(dir, 'occupied');
    writeFileSync(file, '');
    writeFileSync(join(dir, 'x.ndjson'), '{"id":1}\n');
    const result = await sluice([
      'run',
      join(dir, 'json.yaml'),
      '--local',
      join(file, 'out'),
      '--topic',
      `in=${join(dir, 'x.ndjson')}`,
    ]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('occupied');
    expect(result.stderr).not.toMatch(/\n {4}at /);
  });

  it('an output that no run made is not written over', async () => {
    const out = join(dir, 'foreign');
    mkdirSync(out);
    writeFileSync(join(out, 'out.ndjson'), 'precious\n');
    writeFileSync(join(dir, 'x.ndjson'), '{"id":1}\n');
    const args = ['run', join(dir, 'json.yaml'), '--local', out, '--topic', `in=${join(dir, 'x.ndjson')}`, '--quiet'];
    const refused = await sluice(args);
    expect(refused.code).toBeGreaterThanOrEqual(1);
    expect(refused.stderr).toContain('--overwrite');
    expect(await sluice([...args, '--overwrite'])).toMatchObject({ code: 0 });
  });
});

describe('topology files that are refused', () => {
  const bombs: readonly (readonly [string, string])[] = [
    [
      'anchors that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`)
        .join('\n')}\n`,
    ],
    ['a merge key', 'name: x\n<<: &a { input: { topic: in } }\n'],
    ['a tag', 'name: !!js/function "function () {}"\n'],
    ['ten thousand levels', `name: ${'['.repeat(10_000)}`],
    ['two megabytes', `name: ${'x'.repeat(2_000_000)}\n`],
    ['no YAML', '\u0000\u0001\u0002'],
    ['two documents', 'name: x\n---\nname: y\n'],
    ['the same key twice', 'name: x\nname: y\n'],
    ['tabs', 'name:\n\t- x\n'],
    ['terminal codes in a name', 'name: "\u001b[31mred"\ninput: { topic: in }\noutput: { topic: out }\n'],
    ['a prototype key', 'name: x\n__proto__: { polluted: true }\ninput: { topic: in }\noutput: { topic: out }\n'],
    [
      'a file outside the folder',
      'name: x\ninput: { topic: in }\nsteps: [{ id: a, use: check, with: { rules: [{ field: id, in: { file: ../../../etc/passwd } }] } }]\noutput: { topic: out }\n',
    ],
  ];

  it.each(bombs)('%s: exit 2 within seconds, and no control character reaches the terminal', async (_name, text) => {
    const path = join(dir, `bad-${++n}.yaml`);
    writeFileSync(path, text);
    const result = await sluice([
      'run',
      path,
      '--local',
      join(dir, `o-${n}`),
      '--topic',
      `in=${join(dir, 'json.yaml')}`,
    ]);
    expect(result.code).toBe(2);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    expect(result.stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
    expect(result.stderr).not.toMatch(/\n {4}at /);
  });

  it('an unreadable one is named', async () => {
    const path = join(dir, 'folder.yaml');
    mkdirSync(path);
    chmodSync(path, 0o700);
    expect(await sluice(['lint', path])).toMatchObject({ code: 2 });
  });
});
