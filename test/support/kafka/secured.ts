import { readFileSync } from 'node:fs';
import { Kafka, logLevel } from 'kafkajs';
import type { Security } from './security.ts';

/** A stock client of the secure listener. */
export function secured(brokers: readonly string[], security: Security, password: string): Kafka {
  return new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    ssl: { ca: [readFileSync(security.caFile, 'utf8')] },
    sasl: { mechanism: 'scram-sha-256', username: security.username, password },
    retry: { retries: 0 },
  });
}
