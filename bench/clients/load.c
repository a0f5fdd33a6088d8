// The load client on librdkafka: produces or consumes (assign, partition 0) as fast as it can and prints one line of JSON.
// Records are a fixed pattern from a fixed seed; both modes print the same checksum of all values (see `mix`), so that
// a run also proves that what came out is what went in. Built by bench/clients/build.ts:
//   cc -O2 -o load load.c -lrdkafka
// load produce BROKER TOPIC COUNT SIZE [keyed=1] [one=1] [name=value of librdkafka]…
// load consume BROKER TOPIC COUNT [sleep_us_per_1000=N] [name=value of librdkafka]…
// one=1: linger.ms 0, batch.num.messages 1, and latency is taken for every record instead of every 64th.

#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint64_t sum, delivered, failed, valueBytes;
static int64_t firstError;
static uint32_t *latencies; // microseconds
static size_t latencyCount, latencyRoom;
static int sampleEvery = 64;

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

// Order-free: the first 8 bytes of a value (its number and the seed) times an odd constant, plus its length.
static uint64_t mix(const void *value, size_t size) {
  uint64_t head = 0;
  memcpy(&head, value, size < 8 ? size : 8);
  return head * 0x9e3779b97f4a7c15ull + size;
}

static int byNumber(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static double percentileMs(double share) {
  if (latencyCount == 0) return -1;
  size_t at = (size_t)(share * latencyCount);
  return latencies[at < latencyCount ? at : latencyCount - 1] / 1000.0;
}

static void onDelivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
  (void)rk, (void)opaque;
  if (message->err) {
    failed++;
    if (!firstError) firstError = message->err;
    return;
  }
  delivered++;
  uint64_t sent = (uint64_t)(uintptr_t)message->_private; // microseconds, 0: not a sample
  if (sent && latencyCount < latencyRoom) latencies[latencyCount++] = (uint32_t)(seconds() * 1e6 - sent);
}

static void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(2);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char error[512];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) fail(name, error);
}

static void report(const char *mode, uint64_t records, double took, double began) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  qsort(latencies, latencyCount, sizeof *latencies, byNumber);
  printf("{\"mode\":\"%s\",\"client\":\"librdkafka %s\",\"records\":%llu,\"valueBytes\":%llu,\"seconds\":%.6f,"
         "\"recordsPerSecond\":%.0f,\"megabytesPerSecond\":%.2f,\"firstRecordMs\":%.2f,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"p999Ms\":%.3f,"
         "\"errors\":%llu,\"firstError\":%lld,\"checksum\":\"%016llx\",\"clientCpuSeconds\":%.3f}\n",
         mode, rd_kafka_version_str(), (unsigned long long)records, (unsigned long long)valueBytes, took, records / took,
         valueBytes / took / 1e6, began * 1e3, percentileMs(.5), percentileMs(.99), percentileMs(.999), (unsigned long long)failed,
         (long long)firstError, (unsigned long long)sum,
         usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

static void produce(rd_kafka_conf_t *conf, const char *name, uint64_t count, size_t size, int keyed) {
  char error[512];
  rd_kafka_conf_set_dr_msg_cb(conf, onDelivery);
  rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (!rk) fail("producer", error);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
  const struct rd_kafka_metadata *metadata;
  if (rd_kafka_metadata(rk, 0, topic, &metadata, 10000)) fail("metadata", name);
  rd_kafka_metadata_destroy(metadata);
  latencyRoom = count / sampleEvery + 1;
  latencies = malloc(latencyRoom * sizeof *latencies);
  unsigned char *value = malloc(size + 8);
  uint64_t random = 42; // the seed: half of each value compresses, half does not
  for (size_t at = 0; at < size; at++) {
    random = random * 6364136223846793005ull + 1442695040888963407ull;
    value[at] = at % 16 < 8 ? (unsigned char)(random >> 56) : 'v';
  }
  double start = seconds();
  for (uint64_t number = 0; number < count; number++) {
    memcpy(value, &number, size < 8 ? size : 8);
    sum += mix(value, size);
    valueBytes += size;
    char key[24];
    size_t keyBytes = keyed ? (size_t)snprintf(key, sizeof key, "key-%llu", (unsigned long long)(number % 10007)) : 0;
    void *sent = number % sampleEvery == 0 ? (void *)(uintptr_t)(seconds() * 1e6) : NULL;
    while (rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, value, size, keyed ? key : NULL, keyBytes, sent) == -1) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail("produce", rd_kafka_err2str(rd_kafka_last_error()));
      rd_kafka_poll(rk, 1);
    }
    if (number % 1024 == 0) rd_kafka_poll(rk, 0);
  }
  while (delivered + failed < count) rd_kafka_poll(rk, 10);
  report("produce", delivered, seconds() - start, 0);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(rk);
}

static void consume(rd_kafka_conf_t *conf, const char *name, uint64_t count, int sleepUs) {
  char error[512];
  rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
  if (!rk) fail("consumer", error);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
  const struct rd_kafka_metadata *metadata;
  if (rd_kafka_metadata(rk, 0, topic, &metadata, 10000)) fail("metadata", name);
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_message_t *messages[1000];
  uint64_t records = 0;
  int64_t expected = 0;
  double start = seconds(), first = 0, last = start;
  if (rd_kafka_consume_start(topic, 0, 0)) fail("consume", rd_kafka_err2str(rd_kafka_last_error()));
  while (records < count) {
    ssize_t got = rd_kafka_consume_batch(topic, 0, 1000, messages, 1000);
    if (got < 0) fail("consume", rd_kafka_err2str(rd_kafka_last_error()));
    for (ssize_t at = 0; at < got; at++) {
      rd_kafka_message_t *message = messages[at];
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      } else if (message->err) {
        failed++;
        firstError = message->err;
      } else {
        if (message->offset != expected && !failed++) firstError = -1000000; // a gap or a repetition
        expected = message->offset + 1;
        sum += mix(message->payload, message->len);
        valueBytes += message->len;
        if (!records++) first = seconds() - start;
      }
      rd_kafka_message_destroy(message);
    }
    if (got > 0) last = seconds();
    if (seconds() - last > 30) fail("consume", "nothing came for 30 s");
    if (sleepUs && got > 0) usleep((useconds_t)(sleepUs * got / 1000));
  }
  report("consume", records, seconds() - start, first);
  fflush(stdout);
  _exit(0); // rd_kafka_consume_stop would wait for the fetch that is under way
}

int main(int argc, char **argv) {
  if (argc < 5) fail("load", "produce|consume BROKER TOPIC COUNT …");
  int producing = strcmp(argv[1], "produce") == 0, keyed = 0, sleepUs = 0;
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", argv[2]);
  set(conf, "log_level", "3");
  for (int at = producing ? 6 : 5; at < argc; at++) {
    char *value = strchr(argv[at], '=');
    if (!value) fail(argv[at], "name=value expected");
    *value++ = 0;
    if (strcmp(argv[at], "keyed") == 0) keyed = atoi(value);
    else if (strcmp(argv[at], "sleep_us_per_1000") == 0) sleepUs = atoi(value);
    else if (strcmp(argv[at], "one") == 0) {
      if (!atoi(value)) continue;
      sampleEvery = 1;
      set(conf, "linger.ms", "0");
      set(conf, "batch.num.messages", "1");
    } else set(conf, argv[at], value);
  }
  if (producing) produce(conf, argv[3], strtoull(argv[4], 0, 10), strtoul(argv[5], 0, 10), keyed);
  else consume(conf, argv[3], strtoull(argv[4], 0, 10), sleepUs);
  return failed ? 1 : 0;
}
