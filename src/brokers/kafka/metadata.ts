import type { KafkaNode, RequestSpec } from './client.ts';

export interface NodeAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export interface PartitionInfo {
  readonly partition: number;
  /** -1: none right now. */
  readonly leader: number;
  readonly replicas: number;
}

export interface TopicInfo {
  readonly topic: string;
  /** 32 hex digits; another one means that the topic was deleted and made again. */
  readonly id: string;
  /** By number. */
  readonly partitions: readonly PartitionInfo[];
}

export interface ClusterInfo {
  readonly nodes: readonly NodeAddress[];
  readonly controller: number;
  /** Topics that exist, of those asked for. */
  readonly topics: readonly TopicInfo[];
  /** Topics asked for that could not be described, with the protocol's code. */
  readonly failures: ReadonlyMap<string, number>;
}

const API_KEY = 3;
const API_VERSION = 12;

/**
 * Metadata v12, which the client does not have: the first version that can be asked by name and answers topic ids.
 *
 *     request  (header v2): tags, topics[]: id(16) name? tags, auto-create, operations, tags
 *     response (header v1): tags, throttle, nodes[]: id host port rack? tags, cluster?, controller,
 *                           topics[]: error name? id(16) internal partitions[]: error id leader epoch replicas[] isr[] offline[] tags
 *                                     operations tags, tags
 *
 * Arrays and strings are compact: a varint of length + 1, 0 for null. Source: KIP-516, KIP-482.
 */
export async function fetchMetadata(node: KafkaNode, topics: readonly string[]): Promise<ClusterInfo> {
  return node.connectionPool.send({
    request: requestOf(topics),
    response: { decode: async (raw: Buffer) => decode(new Reader(raw)), parse: async (data: ClusterInfo) => data },
  });
}

function requestOf(topics: readonly string[]): RequestSpec {
  return {
    apiKey: API_KEY,
    apiVersion: API_VERSION,
    apiName: 'Metadata',
    encode: async () => {
      const parts: Buffer[] = [Buffer.from([0]), varint(topics.length + 1)];
      for (const topic of topics) {
        const name = Buffer.from(topic);
        parts.push(Buffer.alloc(16), varint(name.length + 1), name, Buffer.from([0]));
      }
      parts.push(Buffer.from([0, 0, 0]));
      const buf = Buffer.concat(parts);
      return { buf, buffer: buf, offset: buf.length };
    },
  };
}

function decode(reader: Reader): ClusterInfo {
  reader.tags();
  reader.int32(); // throttle
  const nodes = reader.array(() => {
    const node = { nodeId: reader.int32(), host: reader.string() ?? '', port: reader.int32() };
    reader.string(); // rack
    reader.tags();
    return node;
  });
  reader.string(); // cluster id
  const controller = reader.int32();
  const failures = new Map<string, number>();
  const topics = reader
    .array(() => topicOf(reader))
    .filter(({ topic, error }) => {
      if (error !== 0) failures.set(topic, error);
      return error === 0;
    });
  return { nodes, controller, topics, failures };
}

function topicOf(reader: Reader): TopicInfo & { readonly error: number } {
  const error = reader.int16();
  const topic = reader.string() ?? '';
  const id = reader.hex(16);
  reader.skip(1); // internal
  const partitions = reader
    .array(() => {
      reader.int16(); // error: told by the leader
      const partition = reader.int32();
      const leader = reader.int32();
      reader.int32(); // leader epoch
      const replicas = reader.array(() => reader.int32()).length;
      reader.array(() => reader.int32());
      reader.array(() => reader.int32());
      reader.tags();
      return { partition, leader, replicas };
    })
    .sort((a, b) => a.partition - b.partition);
  reader.int32(); // operations
  reader.tags();
  return { error, topic, id, partitions };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

class Reader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  int16(): number {
    this.at += 2;
    return this.bytes.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes.readUInt8(this.at++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  string(): string | null {
    const length = this.varint() - 1;
    if (length < 0) return null;
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  hex(length: number): string {
    this.at += length;
    return this.bytes.toString('hex', this.at - length, this.at);
  }

  array<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.varint() - 1) }, read);
  }

  tags(): void {
    for (let left = this.varint(); left > 0; left--) {
      this.varint();
      this.skip(this.varint());
    }
  }

  skip(length: number): void {
    this.at += length;
  }
}
