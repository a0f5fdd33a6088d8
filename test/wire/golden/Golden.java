// Makes the fixtures beside this file, one per line, with Kafka's own message classes: for each API, direction, version and case the field
// values and the bytes that Kafka 4.3 writes for them (bodies, without headers).
//   full    every field that the version has differs from its default; arrays have two elements
//   sparse  null where null may be, empty arrays, defaults
// Run it in this directory with the jars of a Kafka distribution (java 17 or newer):
//   java -cp '<kafka>/libs/*' Golden.java .

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

public class Golden {
  static final ObjectMapper JSON = new ObjectMapper().configure(JsonParser.Feature.ALLOW_COMMENTS, true);
  static final String[][] APIS = {
    {"00-produce", "Produce"}, {"01-fetch", "Fetch"}, {"02-list-offsets", "ListOffsets"}, {"03-metadata", "Metadata"},
    {"10-find-coordinator", "FindCoordinator"}, {"18-api-versions", "ApiVersions"}, {"19-create-topics", "CreateTopics"},
    {"20-delete-topics", "DeleteTopics"}, {"21-delete-records", "DeleteRecords"}, {"22-init-producer-id", "InitProducerId"},
    {"23-offset-for-leader-epoch", "OffsetForLeaderEpoch"}, {"32-describe-configs", "DescribeConfigs"},
    {"33-alter-configs", "AlterConfigs"}, {"35-describe-log-dirs", "DescribeLogDirs"},
    {"37-create-partitions", "CreatePartitions"}, {"43-elect-leaders", "ElectLeaders"},
    {"44-incremental-alter-configs", "IncrementalAlterConfigs"},
    {"45-alter-partition-reassignments", "AlterPartitionReassignments"},
    {"46-list-partition-reassignments", "ListPartitionReassignments"}, {"55-describe-quorum", "DescribeQuorum"},
    {"57-update-features", "UpdateFeatures"}, {"60-describe-cluster", "DescribeCluster"},
    {"61-describe-producers", "DescribeProducers"}, {"74-list-config-resources", "ListConfigResources"},
    {"75-describe-topic-partitions", "DescribeTopicPartitions"},
  };
  static int count;
  /** Of the message at hand: structs that are written down once and used by name. */
  static Map<String, JsonNode> shared;

  public static void main(String[] args) throws Exception {
    for (String[] api : APIS) {
      boolean unstable = spec(api[1] + "Request").path("latestVersionUnstable").asBoolean();
      for (String direction : new String[] {"Request", "Response"}) {
        List<String> lines = new ArrayList<>();
        String name = api[1] + direction;
        JsonNode spec = spec(name);
        int[] versions = range(spec.get("validVersions").asText());
        int last = unstable ? versions[1] - 1 : versions[1];
        for (short version = (short) versions[0]; version <= last; version++)
          for (String kind : new String[] {"full", "sparse"}) lines.add(fixture(name, spec, version, kind));
        Path file = Path.of(args[0], api[0] + "-" + direction.toLowerCase() + ".jsonl");
        Files.writeString(file, String.join("\n", lines) + "\n");
      }
    }
  }

  static JsonNode spec(String name) throws Exception {
    try (InputStream in = Golden.class.getResourceAsStream("/common/message/" + name + ".json")) {
      return JSON.readTree(in);
    }
  }

  static String fixture(String name, JsonNode spec, short version, String kind) throws Exception {
    count = 0;
    shared = new HashMap<>();
    for (JsonNode struct : spec.path("commonStructs")) shared.put(struct.get("name").asText(), struct.get("fields"));
    ObjectNode values = fields(spec.get("fields"), version, kind.equals("full"));
    Class<?> converter = Class.forName("org.apache.kafka.common.message." + name + "DataJsonConverter");
    Message message;
    try {
      message = (Message) converter.getMethod("read", JsonNode.class, short.class).invoke(null, values, version);
    } catch (InvocationTargetException e) {
      throw new RuntimeException(name + " " + version + " " + values, e.getCause());
    }
    ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    ObjectNode fixture = JSON.createObjectNode();
    fixture.put("version", version).put("case", kind).put("hex", HexFormat.of().formatHex(bytes));
    fixture.set("value", values);
    return JSON.writeValueAsString(fixture);
  }

  static ObjectNode fields(JsonNode specs, short version, boolean full) {
    ObjectNode node = JSON.createObjectNode();
    for (JsonNode spec : specs) {
      if (!in(version, spec.get("versions"))) continue;
      if (spec.has("tag") && !full) continue;
      String name = spec.get("name").asText();
      node.set(name.substring(0, 1).toLowerCase() + name.substring(1), value(spec, version, full));
    }
    return node;
  }

  static JsonNode value(JsonNode spec, short version, boolean full) {
    String type = spec.get("type").asText();
    if (!full && in(version, spec.get("nullableVersions"))) return JSON.nullNode();
    if (!type.startsWith("[]")) return one(type, spec, version, full);
    ArrayNode array = JSON.createArrayNode();
    for (int i = 0; i < (full ? 2 : 0); i++) array.add(one(type.substring(2), spec, version, true));
    return array;
  }

  static JsonNode one(String type, JsonNode spec, short version, boolean full) {
    int n = ++count;
    var make = JSON.getNodeFactory();
    String preset = spec.path("default").asText("");
    switch (type) {
      case "int8": return make.numberNode((byte) (full ? 2 + n : number(preset)));
      case "int16": return make.numberNode((short) (full ? -300 - n : number(preset)));
      case "uint16": return make.numberNode(full ? 40_000 + n : (int) number(preset));
      case "int32": return make.numberNode((int) (full ? 70_000 * n : number(preset)));
      case "int64": return make.numberNode(full ? (n % 2 == 0 ? -1L : 1L) * (5_000_000_000L + n) : number(preset));
      case "bool": return make.booleanNode(full != preset.equals("true"));
      case "uuid": return make.textNode((full ? new Uuid(n * 0x0102030405060708L, ~n) : Uuid.ZERO_UUID).toString());
      case "string": return make.textNode(full ? "vårve-" + n : preset);
      case "bytes": case "records": return make.binaryNode(full ? new byte[] {(byte) n, 0, -1, 7, 7} : new byte[0]);
      default: return fields(spec.has("fields") ? spec.get("fields") : shared.get(type), version, full);
    }
  }

  static long number(String preset) {
    return preset.isEmpty() ? 0 : Long.decode(preset);
  }

  static boolean in(short version, JsonNode versions) {
    if (versions == null || versions.asText().equals("none")) return false;
    int[] range = range(versions.asText());
    return version >= range[0] && version <= range[1];
  }

  static int[] range(String text) {
    if (text.endsWith("+")) return new int[] {Integer.parseInt(text.substring(0, text.length() - 1)), Short.MAX_VALUE};
    String[] ends = text.split("-");
    return new int[] {Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1])};
  }
}
