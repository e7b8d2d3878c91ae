import avro from 'avsc';

/** As a producer with a registry writes it: magic byte, id of the schema, the value by avsc. */
export function registryValue(id: number, schema: unknown, value: object): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  const type = avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0]);
  return Buffer.concat([header, type.toBuffer(value)]);
}
