"""confluent-kafka (librdkafka as its wheel brings it): assigned partitions, no group in use."""

import os
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import confluent_kafka
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from digests import CODECS, PARTITIONS, SINCE_MS, TAIL, Reading, report, sent

address, prefix = sys.argv[1:3]
common = {"bootstrap.servers": address, "client.id": "matrix"}


def row_of(codec):
    row = {"codec": codec, "isIdempotent": True}
    topic = f"{prefix}-{codec}"
    try:
        admin = AdminClient(common)
        new = NewTopic(topic, num_partitions=4, replication_factor=1, config={"retention.ms": "-1"})
        admin.create_topics([new])[topic].result(20)
        produce(topic, codec)
        row.update(read_back(topic))
    except Exception:
        row["error"] = traceback.format_exc()
    return row


def produce(topic, codec):
    failures = []
    producer = Producer({**common, "enable.idempotence": True, "compression.type": codec, "linger.ms": 5, "batch.size": 16384})
    for key, value, timestamp in sent():
        producer.produce(topic, key=key, value=value, timestamp=timestamp, on_delivery=lambda e, _: e and failures.append(str(e)))
        producer.poll(0)
    left = producer.flush(20)
    if failures or left:
        raise RuntimeError(f"{left} records not sent, {len(failures)} failed: {failures[:1]}")


def read_back(topic):
    consumer = Consumer({**common, "group.id": "unused", "enable.auto.commit": False, "max.partition.fetch.bytes": 65536,
                         "check.crcs": True, "auto.offset.reset": "error"})
    try:
        ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1] for p in PARTITIONS}
        since = consumer.offsets_for_times([TopicPartition(topic, p, SINCE_MS) for p in PARTITIONS], timeout=10)
        return {
            "beginning": read(consumer, ends, [TopicPartition(topic, p, confluent_kafka.OFFSET_BEGINNING) for p in PARTITIONS]),
            # OFFSET_TAIL(n) of librdkafka
            "end": read(consumer, ends, [TopicPartition(topic, p, -2000 - TAIL) for p in PARTITIONS]),
            "timestamp": read(consumer, ends, since),
        }
    finally:
        consumer.close()


def read(consumer, ends, places):
    consumer.assign(places)
    reading = Reading(ends)
    until = time.monotonic() + 15
    while reading.left:
        if time.monotonic() > until:
            raise TimeoutError(f"still waiting for {reading.left}, got {reading.counts}")
        for message in consumer.consume(1000, timeout=0.5):
            if message.error():
                raise RuntimeError(str(message.error()))
            reading.take(message.partition(), message.offset(), message.timestamp()[1], message.key(), message.value())
    consumer.unassign()
    return reading.digests()


version = f"confluent-kafka {confluent_kafka.__version__} (librdkafka {confluent_kafka.libversion()[0]})"
report(version, [row_of(codec) for codec in CODECS])
