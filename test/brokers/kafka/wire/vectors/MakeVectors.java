import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.StringJoiner;
import java.util.zip.CRC32C;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.utils.Utils;

/**
 * Bytes as Apache Kafka's own client makes them. Prints vectors.json; see README.md beside this file.
 * Bytes of records are written "hex", or "hex*n" for a repeated one; null is null.
 */
public class MakeVectors {
  record Rec(long time, String key, String value, String... headers) {}

  static final HexFormat HEX = HexFormat.of();
  static final List<String> out = new ArrayList<>();

  public static void main(String[] args) throws Exception {
    batches();
    StringJoiner all = new StringJoiner(",\n", "{\n\"batches\": [\n", "\n],\n");
    out.forEach(all::add);
    System.out.println(all + "\"markers\": [" + markers() + "],\n\"murmur2\": [" + murmur() + "],\n\"crc32c\": [" + crcs() + "]\n}");
  }

  static void batches() throws Exception {
    batch("one", none(), List.of(new Rec(1700000000000L, "6b", "76")));
    batch("nulls", none(), List.of(new Rec(1700000000000L, null, "31"), new Rec(1700000000001L, "6b", null),
        new Rec(1700000000002L, null, null), new Rec(1700000000003L, "", "")));
    List<String> many = new ArrayList<>();
    for (int i = 0; i < 70; i++) { many.add("h" + i); many.add(String.format("%02x", i)); }
    batch("headers", none(), List.of(
        new Rec(1, "6b", "76", "a", "01"),
        new Rec(2, "6b", "76", "a", "01", "b", "ff00", "a", "02", "a", "01"),
        new Rec(3, "6b", "76", "null", null, "empty", "", "\u00fc\u4e16", "c3bc"),
        new Rec(4, "6b", "76", many.toArray(new String[0]))));
    batch("times", none(), List.of(new Rec(1700000000000L, null, "31"), new Rec(1699999999999L, null, "32"),
        new Rec(0, null, "33"), new Rec(1700000000063L, null, "34"), new Rec(1700000000064L, null, "35"),
        new Rec(4102444800000L, null, "36"), new Rec(1701073741823L, null, "37"), new Rec(1701073741824L, null, "38")));
    batch("lengths", none(), lengths());
    List<Rec> counted = new ArrayList<>();
    for (int i = 0; i < 200; i++) counted.add(new Rec(1700000000000L + i, null, String.format("%04x", i)));
    batch("counted", none(), counted);
    for (CompressionType type : CompressionType.values()) {
      batch("packed-" + type.name, Compression.of(type).build(), counted.subList(0, 60));
      batch("blocks-" + type.name, Compression.of(type).build(),
          List.of(new Rec(5, "6b", "61*150000"), new Rec(6, null, "6263*40000", "h", "01")));
    }
    add("producer", List.of(new Rec(7, "6b", "76"), new Rec(8, "6b", "77")), MemoryRecords.builder(buffer(), (byte) 2, none(),
        TimestampType.CREATE_TIME, 0, -1, (1L << 40) + 5, (short) 7, Integer.MAX_VALUE - 1, true, -1), "\"producer\": true, ");
    add("append-time", List.of(new Rec(7, "6b", "76"), new Rec(8, "6b", "77")), MemoryRecords.builder(buffer(), (byte) 2, none(),
        TimestampType.LOG_APPEND_TIME, 3000000000L, 1700000000123L, -1, (short) -1, -1, false, 9),
        "\"base\": 3000000000, \"appendTime\": 1700000000123, ");
  }

  /** Around every change of a varint's width. */
  static List<Rec> lengths() {
    List<Rec> records = new ArrayList<>();
    for (int length : new int[] {0, 1, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 8170, 8180, 8181,
        8182, 8183, 8184, 8185, 8186, 8187, 8188, 8189, 8190, 8191, 8192, 8193, 1048560, 1048576})
      records.add(new Rec(1, "6b", "61*" + length));
    return records;
  }

  static void batch(String name, Compression codec, List<Rec> records) throws Exception {
    add(name, records, MemoryRecords.builder(buffer(), codec, TimestampType.CREATE_TIME, 0L), "");
  }

  static void add(String name, List<Rec> records, MemoryRecordsBuilder builder, String extra) throws Exception {
    StringJoiner list = new StringJoiner(", ", "[", "]");
    for (Rec r : records) {
      List<Header> headers = new ArrayList<>();
      StringJoiner texts = new StringJoiner(", ", "[", "]");
      for (int i = 0; i < r.headers.length; i += 2) {
        headers.add(new RecordHeader(r.headers[i], bytes(r.headers[i + 1])));
        texts.add("[" + text(r.headers[i]) + ", " + text(r.headers[i + 1]) + "]");
      }
      builder.append(r.time, bytes(r.key), bytes(r.value), headers.toArray(new Header[0]));
      list.add("[" + r.time + ", " + text(r.key) + ", " + text(r.value) + ", " + texts + "]");
    }
    ByteBuffer made = builder.build().buffer();
    byte[] bytes = new byte[made.remaining()];
    made.duplicate().get(bytes);
    String content = bytes.length > 16384
        ? "\"sha256\": \"" + HEX.formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)) + "\""
        : "\"hex\": \"" + HEX.formatHex(bytes) + "\"";
    out.add("{\"name\": \"" + name + "\", " + extra + "\"records\": " + list + ",\n  " + content + "}");
  }

  static String markers() {
    StringJoiner list = new StringJoiner(", ");
    for (ControlRecordType type : new ControlRecordType[] {ControlRecordType.ABORT, ControlRecordType.COMMIT}) {
      MemoryRecords marker = MemoryRecords.withEndTransactionMarker(41, 1700000000000L, 3, 77, (short) 5, new EndTransactionMarker(type, 12));
      byte[] bytes = new byte[marker.buffer().remaining()];
      marker.buffer().duplicate().get(bytes);
      list.add("{\"type\": \"" + type + "\", \"hex\": \"" + HEX.formatHex(bytes) + "\"}");
    }
    return list.toString();
  }

  static String murmur() {
    StringJoiner list = new StringJoiner(", ");
    Random random = new Random(11);
    for (int length = 0; length < 40; length++) {
      byte[] key = new byte[length];
      random.nextBytes(key);
      int hash = Utils.murmur2(key);
      list.add("[\"" + HEX.formatHex(key) + "\", " + hash + ", " + Utils.toPositive(hash) % 12 + "]");
    }
    return list.toString();
  }

  static String crcs() {
    StringJoiner list = new StringJoiner(", ");
    Random random = new Random(12);
    for (int length : new int[] {0, 1, 7, 8, 9, 64, 257}) {
      byte[] data = new byte[length];
      random.nextBytes(data);
      CRC32C crc = new CRC32C();
      crc.update(data);
      list.add("[\"" + HEX.formatHex(data) + "\", " + crc.getValue() + "]");
    }
    return list.toString();
  }

  static Compression none() { return Compression.NONE; }

  static ByteBuffer buffer() { return ByteBuffer.allocate(1 << 16); }

  static byte[] bytes(String spec) {
    if (spec == null) return null;
    int star = spec.indexOf('*');
    if (star < 0) return HEX.parseHex(spec);
    byte[] unit = HEX.parseHex(spec.substring(0, star));
    byte[] all = new byte[unit.length * Integer.parseInt(spec.substring(star + 1))];
    for (int i = 0; i < all.length; i++) all[i] = unit[i % unit.length];
    return all;
  }

  static String text(String spec) { return spec == null ? "null" : "\"" + spec + "\""; }
}
