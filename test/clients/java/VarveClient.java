// Apache Kafka's Java client, driven from the tests: VarveClient <command> <bootstrap> <arguments> [name=value client settings].
// Every fact is one line on stdout, fields parted by tabs. Compiles against kafka-clients 3.9 and 4.x.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.*;

public class VarveClient {
  static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
  static String bootstrap;
  static final Properties settings = new Properties();

  public static void main(String[] args) throws Exception {
    bootstrap = args[1];
    List<String> rest = new ArrayList<>();
    for (String arg : Arrays.asList(args).subList(2, args.length)) {
      int at = arg.indexOf('=');
      if (at < 0) rest.add(arg);
      else settings.put(arg.substring(0, at), arg.substring(at + 1));
    }
    settings.put("bootstrap.servers", bootstrap);
    switch (args[0]) {
      case "produce" -> produce(rest.get(0), Integer.parseInt(rest.get(1)));
      case "consume" -> consume(rest.get(0));
      case "digest" -> digest(rest.get(0));
      case "positions" -> positions(rest.get(0), Long.parseLong(rest.get(1)));
      case "admin" -> admin(rest.get(0));
      case "transaction" -> transaction(rest.get(0));
      case "flood" -> flood(rest.get(0));
      default -> throw new IllegalArgumentException(args[0]);
    }
    out.flush();
  }

  static void line(Object... fields) {
    StringJoiner joined = new StringJoiner("\t");
    for (Object field : fields) joined.add(String.valueOf(field));
    synchronized (out) {
      out.println(joined);
    }
  }

  static Producer<String, String> producer() {
    return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
  }

  static Consumer<byte[], byte[]> consumer() {
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  static List<TopicPartition> partitionsOf(Consumer<?, ?> consumer, String topic) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (PartitionInfo info : consumer.partitionsFor(topic)) partitions.add(new TopicPartition(topic, info.partition()));
    partitions.sort(Comparator.comparingInt(TopicPartition::partition));
    return partitions;
  }

  /** acked: partition, offset, timestamp, key */
  static void produce(String topic, int count) throws Exception {
    try (Producer<String, String> producer = producer()) {
      for (int i = 0; i < count; i++) {
        String key = i % 10 == 9 ? null : "key-" + i;
        String value = i % 50 == 49 ? null : "value " + i + " and some words that compress, compress, compress";
        ProducerRecord<String, String> record = new ProducerRecord<>(topic, null, 1_700_000_000_000L + i, key, value);
        record.headers().add("number", String.valueOf(i).getBytes()).add("none", null);
        producer.send(record, (metadata, error) -> {
          if (error != null) line("failed", error.getClass().getName(), error.getMessage());
          else line("acked", metadata.partition(), metadata.offset(), metadata.timestamp(), key);
        });
      }
      producer.flush();
    }
  }

  interface Each {
    void take(ConsumerRecord<byte[], byte[]> record) throws Exception;
  }

  /** From the beginning to what the end was at the start; position() must arrive exactly there. */
  static void readAll(String topic, Each each) throws Exception {
    try (Consumer<byte[], byte[]> consumer = consumer()) {
      List<TopicPartition> partitions = partitionsOf(consumer, topic);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long deadline = System.currentTimeMillis() + 60_000;
      while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        if (System.currentTimeMillis() > deadline) throw new IllegalStateException("not at the end after a minute");
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) each.take(record);
      }
      for (TopicPartition partition : partitions) line("end", partition.partition(), consumer.position(partition));
    }
  }

  static String text(byte[] bytes) {
    return bytes == null ? "null" : new String(bytes, StandardCharsets.UTF_8);
  }

  /** record: partition, offset, timestamp, timestamp type, leader epoch, key, value, headers */
  static void consume(String topic) throws Exception {
    readAll(topic, record -> {
      StringJoiner headers = new StringJoiner(",");
      for (Header header : record.headers()) headers.add(header.key() + "=" + text(header.value()));
      line("record", record.partition(), record.offset(), record.timestamp(), record.timestampType(),
          record.leaderEpoch().map(String::valueOf).orElse("none"), text(record.key()), text(record.value()), headers);
    });
  }

  /** digest: partition, records, SHA-256 over key TAB value NEWLINE */
  static void digest(String topic) throws Exception {
    Map<Integer, MessageDigest> digests = new TreeMap<>();
    Map<Integer, Long> counts = new HashMap<>();
    readAll(topic, record -> {
      MessageDigest digest = digests.get(record.partition());
      if (digest == null) digests.put(record.partition(), digest = MessageDigest.getInstance("SHA-256"));
      digest.update(record.key());
      digest.update((byte) '\t');
      digest.update(record.value());
      digest.update((byte) '\n');
      counts.merge(record.partition(), 1L, Long::sum);
    });
    digests.forEach((partition, digest) ->
        line("digest", partition, counts.get(partition), HexFormat.of().formatHex(digest.digest())));
  }

  /** Where each way of asking for a place ends up, in partition 0. */
  static void positions(String topic, long timestamp) throws Exception {
    try (Consumer<byte[], byte[]> consumer = consumer()) {
      TopicPartition zero = new TopicPartition(topic, 0);
      List<TopicPartition> one = List.of(zero);
      consumer.assign(one);
      consumer.seekToBeginning(one);
      line("seekToBeginning", consumer.position(zero));
      consumer.seekToEnd(one);
      line("seekToEnd", consumer.position(zero));
      line("beginningOffsets", consumer.beginningOffsets(one).get(zero));
      line("endOffsets", consumer.endOffsets(one).get(zero));
      OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(zero, timestamp)).get(zero);
      line("offsetsForTimes", found.offset(), found.timestamp(), found.leaderEpoch().isPresent());
      line("offsetsForTimes beyond", consumer.offsetsForTimes(Map.of(zero, Long.MAX_VALUE)).get(zero));
      consumer.seek(zero, found.offset());
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(5))) {
        line("seek", record.offset());
        break;
      }
      line("currentLag", consumer.currentLag(zero).isPresent());
      consumer.seek(zero, 1_000_000L);
      try {
        consumer.poll(Duration.ofSeconds(5));
        line("beyond the end", consumer.position(zero));
      } catch (OffsetOutOfRangeException e) {
        line("beyond the end", e.getClass().getSimpleName());
      }
    }
  }

  static String errorOf(KafkaFuture<?> future) throws InterruptedException {
    try {
      future.get();
      return "none";
    } catch (ExecutionException e) {
      return e.getCause().getClass().getSimpleName();
    }
  }

  static void admin(String topic) throws Exception {
    try (Admin admin = Admin.create(settings)) {
      DescribeClusterResult cluster = admin.describeCluster();
      line("cluster", cluster.clusterId().get().length(), cluster.nodes().get().size(), cluster.controller().get().id());

      NewTopic wanted = new NewTopic(topic, 3, (short) 1).configs(Map.of("segment.bytes", "4096", "retention.ms", "-1"));
      CreateTopicsResult created = admin.createTopics(List.of(wanted));
      created.all().get();
      line("created", created.numPartitions(topic).get(), created.replicationFactor(topic).get(),
          created.config(topic).get().get("segment.bytes").value(), created.topicId(topic).get());
      line("again", errorOf(admin.createTopics(List.of(wanted)).all()));
      line("bad name", errorOf(admin.createTopics(List.of(new NewTopic("a/b", 1, (short) 1))).all()));
      line("bad config", errorOf(admin.createTopics(
          List.of(new NewTopic("bad", 1, (short) 1).configs(Map.of("segment.bytes", "none")))).all()));
      line("three replicas", errorOf(admin.createTopics(List.of(new NewTopic("bad", 1, (short) 3))).all()));
      line("no partitions", errorOf(admin.createTopics(List.of(new NewTopic("bad", 0, (short) 1))).all()));
      line("defaults", errorOf(admin.createTopics(
          List.of(new NewTopic(topic + "-d", Optional.empty(), Optional.empty()))).all()));
      line("only validated", errorOf(admin.createTopics(
          List.of(new NewTopic("bad", 1, (short) 1)), new CreateTopicsOptions().validateOnly(true)).all()));

      line("listed", new TreeSet<>(admin.listTopics().names().get()));
      TopicDescription description = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
      line("described", description.partitions().size(), description.topicId().equals(created.topicId(topic).get()),
          description.isInternal(), description.partitions().get(2).leader().id(), description.partitions().get(2).isr().size());
      line("by id", admin.describeTopics(TopicCollection.ofTopicIds(List.of(description.topicId())))
          .allTopicIds().get().get(description.topicId()).name());
      line("not there", errorOf(admin.describeTopics(List.of("nowhere")).allTopicNames()));

      try (Producer<String, String> producer = producer()) {
        for (long i : new long[] {5, 9, 7, 9, 8}) producer.send(new ProducerRecord<>(topic, 1, 1_000L + i, "k", "v")).get();
      }
      TopicPartition one = new TopicPartition(topic, 1);
      Map<String, OffsetSpec> specs = new LinkedHashMap<>();
      specs.put("earliest", OffsetSpec.earliest());
      specs.put("latest", OffsetSpec.latest());
      specs.put("max timestamp", OffsetSpec.maxTimestamp());
      specs.put("1006", OffsetSpec.forTimestamp(1_006));
      specs.put("1010", OffsetSpec.forTimestamp(1_010));
      specs.put("earliest local", OffsetSpec.earliestLocal());
      specs.put("latest tiered", OffsetSpec.latestTiered());
      for (Map.Entry<String, OffsetSpec> spec : specs.entrySet()) {
        ListOffsetsResult.ListOffsetsResultInfo info =
            admin.listOffsets(Map.of(one, spec.getValue())).partitionResult(one).get();
        line("offset", spec.getKey(), info.offset(), info.timestamp());
      }

      admin.deleteTopics(List.of(topic)).all().get();
      admin.deleteTopics(TopicCollection.ofTopicIds(List.of(
          admin.describeTopics(List.of(topic + "-d")).allTopicNames().get().get(topic + "-d").topicId()))).all().get();
      line("deleted", admin.listTopics().names().get().stream().noneMatch(name -> name.startsWith(topic)));
      line("deleted again", errorOf(admin.deleteTopics(List.of(topic)).all()));
    }
  }

  static void transaction(String topic) {
    settings.put("transactional.id", "a-transaction");
    long startedMs = System.currentTimeMillis();
    try (Producer<String, String> producer = producer()) {
      producer.initTransactions();
      line("began");
    } catch (Exception e) {
      line("refused", e.getClass().getSimpleName(), e instanceof org.apache.kafka.common.errors.RetriableException, e.getMessage());
    }
    line("took", System.currentTimeMillis() - startedMs < 10_000 ? "seconds" : "too long");
  }

  /**
   * Sends numbered records, spread over the partitions, until stdin ends: sent: partition, number, before each send; acked:
   * partition, number, offset.
   */
  static void flood(String topic) throws Exception {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    Thread watcher = new Thread(() -> {
      try {
        while (input.readLine() != null) {}
      } catch (Exception e) {
        // the same as its end
      }
    });
    watcher.setDaemon(true);
    watcher.start();
    try (Producer<String, String> producer = producer()) {
      int partitions = producer.partitionsFor(topic).size();
      for (int number = 0; watcher.isAlive(); number++) {
        int n = number;
        int partition = number % partitions;
        line("sent", partition, number / partitions);
        producer.send(new ProducerRecord<>(topic, partition, "k", "java:" + number / partitions), (metadata, error) -> {
          if (error != null) line("failed", partition, n / partitions, error);
          else line("acked", partition, n / partitions, metadata.offset());
        });
        if (number % 20 == 0) Thread.sleep(10);
        if (number % 200 == 0) out.flush();
      }
      producer.flush();
    }
    line("done");
  }
}
