/** An Avro schema with its names resolved. Types that refer to themselves are cycles of objects. */
export type AvroType = PrimitiveType | FixedType | EnumType | ArrayType | MapType | UnionType | RecordType;

export type PrimitiveKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'bytes';

export interface PrimitiveType {
  readonly kind: PrimitiveKind;
  readonly logical?: Logical;
}

export interface FixedType extends Named {
  readonly kind: 'fixed';
  readonly size: number;
  readonly logical?: Logical;
}

export interface EnumType extends Named {
  readonly kind: 'enum';
  readonly symbols: readonly string[];
  readonly default?: string;
}

export interface ArrayType {
  readonly kind: 'array';
  readonly items: AvroType;
}

export interface MapType {
  readonly kind: 'map';
  readonly values: AvroType;
}

export interface UnionType {
  readonly kind: 'union';
  readonly branches: readonly AvroType[];
}

export interface RecordType extends Named {
  readonly kind: 'record';
  readonly fields: readonly AvroField[];
}

export interface AvroField {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: AvroType;
  /** Absent: there is none. */
  readonly default?: { readonly json: unknown };
}

interface Named {
  /** With its namespace. */
  readonly name: string;
  readonly aliases: readonly string[];
}

export type LogicalName =
  | 'decimal'
  | 'uuid'
  | 'date'
  | 'time-millis'
  | 'time-micros'
  | 'timestamp-millis'
  | 'timestamp-micros'
  | 'timestamp-nanos'
  | 'local-timestamp-millis'
  | 'local-timestamp-micros'
  | 'local-timestamp-nanos';

/** What a value means beyond how it is written. Precision and scale are those of a decimal, else 0. */
export interface Logical {
  readonly name: LogicalName;
  readonly precision: number;
  readonly scale: number;
}
