import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSchemaFile, registryConnection } from '../../src/cli/registry.ts';
import { sluice } from '../e2e/cli.ts';

let dir = '';
const write = (name: string, content: unknown) => {
  writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  return join(dir, name);
};
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-schemas-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const order = (...fields: unknown[]) => ({ type: 'record', name: 'Order', fields });
const id = { name: 'id', type: 'long' };

describe('sluice schemas check', () => {
  it('says full, or what is in the way, with the exit code', async () => {
    const old = write('old.avsc', order(id));
    const more = write('more.avsc', order(id, { name: 'note', type: 'string', default: '' }));
    const must = write('must.avsc', order(id, { name: 'must', type: 'string' }));
    expect(await sluice(['schemas', 'check', old, more])).toMatchObject({ code: 0, stdout: 'compatible: full\n' });
    const refused = await sluice(['schemas', 'check', old, must]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toBe(
      "compatible: forward\na reader of the new schema cannot read what was written with the old one:\n  the reader's field must is not written, and has no default\n",
    );
    const json = await sluice(['schemas', 'check', must, old, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ compatibility: 'backward', backward: [] });
  });

  it('a file that is no schema, or is not there, is said', async () => {
    const old = write('old.avsc', order(id));
    const bad = write('bad.avsc', '{ "type": "record", "name": "1x", "fields": [] }');
    expect(await sluice(['schemas', 'check', old, bad])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('bad.avsc: not an Avro schema'),
    });
    expect(await sluice(['schemas', 'check', old, join(dir, 'none.avsc')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('none.avsc cannot be read'),
    });
  });
});

describe('a topology with schemas', () => {
  it('lint names a schema that is missing, is none, stands beside another format, or lies elsewhere', async () => {
    write('bad.avsc', '{ "type": "record" }');
    const cases = {
      'output: { topic: out, format: avro }': 'schema-missing',
      'output: { topic: out, format: avro, schema: none.avsc }': 'schema-file',
      'output: { topic: out, format: avro, schema: ../../../etc/passwd }': 'schema-file',
      'output: { topic: out, format: avro, schema: bad.avsc }': 'bad-schema',
      'output: { topic: out, format: json, schema: bad.avsc }': 'wrong-format-options',
    };
    for (const [output, code] of Object.entries(cases)) {
      const file = write('t.yaml', `name: t\ninput: { topic: in }\nsteps: []\n${output}\n`);
      const result = await sluice(['lint', file]);
      expect(result, output).toMatchObject({ code: 2, stdout: expect.stringContaining(`error ${code}`) });
    }
  });

  it('files hold no values of a registry', async () => {
    const file = write('t.yaml', 'name: t\ninput: { topic: in, format: avro }\nsteps: []\noutput: { topic: out }\n');
    const input = write('in.ndjson', '{}\n');
    const result = await sluice(['run', file, '--local', join(dir, 'out'), '--topic', `in=${input}`]);
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('`format: avro` is for Kafka') });
  });

  it('the address is the topology’s, else that of the environment', () => {
    const env = { SCHEMA_REGISTRY_URL: 'http://env:8081' };
    expect(registryConnection(undefined, {})).toBeUndefined();
    expect(registryConnection(undefined, env)).toStrictEqual({ url: 'http://env:8081' });
    expect(registryConnection({ url: 'http://file', timeout: '2s', token: 't' }, env)).toStrictEqual({
      url: 'http://file',
      timeoutMs: 2000,
      token: 't',
    });
    expect(registryConnection({ username: 'u' }, env)).toStrictEqual({ url: 'http://env:8081', username: 'u' });
  });

  it('a schema is read below the topology only', () => {
    write('a.avsc', '"long"');
    expect(readSchemaFile(dir, 'a.avsc')).toBe('"long"');
    expect(() => readSchemaFile(dir, '../x.avsc')).toThrow('cannot be read');
    expect(() => readSchemaFile(join(dir), join(dir, 'a.avsc'))).toThrow('outside of the folder');
  });
});
