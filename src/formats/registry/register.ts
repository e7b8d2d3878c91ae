import { ConfigError } from '../../core/errors.ts';
import type { Refusal, RegistryClient } from './client.ts';
import type { SchemaKind } from './schema-cache.ts';

export type Compatibility = 'none' | 'backward' | 'forward' | 'full';

/** `output.schema`, its file read. */
export interface OutputSchema {
  readonly text: string;
  /** As the topology names it, for messages. */
  readonly file: string;
  readonly subject: string;
  /** Undefined: whatever the registry has for the subject. */
  readonly compatibility?: Compatibility;
}

/** Registers the schema of an output, and gives its id. Throws ConfigError with the remedy when the registry refuses it. */
export async function register(client: RegistryClient, kind: SchemaKind, schema: OutputSchema): Promise<number> {
  const { subject, compatibility, text } = schema;
  if (compatibility !== undefined) await agree(client, subject, compatibility);
  const answer = await client.ask({
    method: 'POST',
    path: `/subjects/${encodeURIComponent(subject)}/versions`,
    body: { schema: text, ...(kind === 'AVRO' ? {} : { schemaType: kind }) },
  });
  if ('refusal' in answer) throw refused(schema, answer.refusal);
  const id = Number(answer.body.id);
  if (Number.isInteger(id) && id >= 0) return id;
  throw new ConfigError(`the schema registry ${client.url} gave no id for the subject ${subject}`, {
    code: 'registry-answer',
  });
}

/** Sets the rule of a subject that has none; another rule than the topology's is for people to settle. */
async function agree(client: RegistryClient, subject: string, wanted: Compatibility): Promise<void> {
  const path = `/config/${encodeURIComponent(subject)}`;
  const compatibility = wanted.toUpperCase();
  const answer = await client.ask({ method: 'GET', path });
  if ('refusal' in answer) {
    const set = await client.ask({ method: 'PUT', path, body: { compatibility } });
    if (!('refusal' in set)) return;
    throw new ConfigError(
      `the schema registry does not set ${wanted} compatibility on the subject ${subject}: ${set.refusal.message}`,
      { code: 'schema-refused' },
    );
  }
  const found = String(answer.body.compatibilityLevel ?? answer.body.compatibility).toUpperCase();
  if (found === compatibility) return;
  throw new ConfigError(
    `the subject ${subject} is checked for ${found.toLowerCase()} compatibility, the output asks for ${wanted}: write that in output.schema.compatibility, or change the subject in the registry`,
    { code: 'compatibility-differs' },
  );
}

function refused({ file, subject }: OutputSchema, { status, message }: Refusal): ConfigError {
  const why = message === '' ? '' : `: ${message}`;
  if (status === 409)
    return new ConfigError(
      `the schema ${file} is not compatible with what the subject ${subject} has${why}. Give new fields a default and keep what is there (\`sluice schemas check OLD NEW\` shows what is wrong), or write it to another subject`,
      { code: 'schema-incompatible' },
    );
  return new ConfigError(
    `the schema registry does not take ${file} for the subject ${subject} (status ${status})${why}`,
    {
      code: 'schema-refused',
    },
  );
}
