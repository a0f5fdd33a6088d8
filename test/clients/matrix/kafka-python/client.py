"""kafka-python: assigned partitions, no group."""

import os
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from digests import CODECS, PARTITIONS, SINCE_MS, TAIL, Reading, report, sent

address, prefix = sys.argv[1:3]


def row_of(codec):
    row = {"codec": codec, "isIdempotent": True}
    topic = f"{prefix}-{codec}"
    try:
        admin = KafkaAdminClient(bootstrap_servers=address)
        admin.create_topics([NewTopic(topic, 4, 1, topic_configs={"retention.ms": "-1"})])
        admin.close()
        produce(topic, None if codec == "none" else codec)
        row.update(read_back(topic))
    except Exception:
        row["error"] = traceback.format_exc()
    return row


def produce(topic, compression):
    producer = KafkaProducer(bootstrap_servers=address, enable_idempotence=True, compression_type=compression, linger_ms=5)
    futures = [producer.send(topic, key=key, value=value, timestamp_ms=at) for key, value, at in sent()]
    producer.flush(20)
    for future in futures:
        future.get(5)
    producer.close(5)


def read_back(topic):
    consumer = KafkaConsumer(bootstrap_servers=address, group_id=None, auto_offset_reset="none",
                             max_partition_fetch_bytes=65536, check_crcs=True)
    places = [TopicPartition(topic, p) for p in PARTITIONS]
    consumer.assign(places)
    ends = {place.partition: end for place, end in consumer.end_offsets(places).items()}
    since = consumer.offsets_for_times({place: SINCE_MS for place in places})
    row = {}
    consumer.seek_to_beginning(*places)
    row["beginning"] = read(consumer, ends)
    for place in places:
        consumer.seek(place, ends[place.partition] - TAIL)
    row["end"] = read(consumer, ends)
    for place in places:
        consumer.seek(place, since[place].offset)
    row["timestamp"] = read(consumer, ends)
    consumer.close()
    return row


def read(consumer, ends):
    reading = Reading(ends)
    until = time.monotonic() + 15
    while reading.left:
        if time.monotonic() > until:
            raise TimeoutError(f"still waiting for {reading.left}, got {reading.counts}")
        for records in consumer.poll(500).values():
            for record in records:
                reading.take(record.partition, record.offset, record.timestamp, record.key, record.value)
    return reading.digests()


report(f"kafka-python {kafka.__version__}", [row_of(codec) for codec in CODECS])
