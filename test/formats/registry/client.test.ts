import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { ConfigError, OutageError } from '../../../src/core/errors.ts';
import { RegistryClient, type RegistryConnection } from '../../../src/formats/registry/client.ts';
import { type FakeRegistry, fakeRegistry } from '../../support/fake-registry.ts';

let registry: FakeRegistry;
beforeEach(async () => {
  registry = await fakeRegistry();
});
afterEach(() => registry.close());

const clock = { ...systemClock, sleep: () => Promise.resolve() };
const client = (more: Partial<RegistryConnection> = {}) => new RegistryClient({ url: registry.url, ...more }, clock);
const question = { method: 'GET', path: '/schemas/ids/1' } as const;

describe('the registry client', () => {
  test('asks four times, and then it is an outage', async () => {
    for (const mood of ['reset', 'unavailable'] as const) {
      registry.asked.length = 0;
      registry.mood = () => mood;
      await expect(client().ask(question)).rejects.toThrow(OutageError);
      expect(registry.asked).toHaveLength(4);
    }
  });

  test('a registry that says nothing is an outage after its time', async () => {
    registry.mood = () => 'silent';
    await expect(client({ timeoutMs: 20 }).ask(question)).rejects.toThrow('does not answer within 20 ms');
  });

  test('goes on with the first answer', async () => {
    registry.add('"long"');
    let left = 2;
    registry.mood = () => (left-- > 0 ? 'unavailable' : 'up');
    expect(await client().ask(question)).toStrictEqual({ body: { schema: '"long"' } });
  });

  test.each(['redirect', 'forbidden', 'huge'] as const)('%s is no outage: asking again does not help', async (mood) => {
    registry.mood = () => mood;
    await expect(client().ask(question)).rejects.toThrow(ConfigError);
    expect(registry.asked).toStrictEqual(['GET /schemas/ids/1']);
  });

  test('404 of a registry is an answer; of any other server it means a wrong address', async () => {
    expect(await client().ask(question)).toMatchObject({ refusal: { status: 404, code: 40403 } });
    await expect(client({ url: `${registry.url}/elsewhere` }).ask(question)).rejects.toThrow(
      'check kafka.registry.url',
    );
  });

  test.each(['file:///etc/passwd', 'ftp://x', 'registry:8081', '', 'http://user:secret@x', 'http://x?a=b'])(
    'refuses the address %s, and does not repeat a secret',
    (url) => {
      const made = () => new RegistryClient({ url }, clock);
      expect(made).toThrow(ConfigError);
      expect(made).not.toThrow('secret');
    },
  );
});
