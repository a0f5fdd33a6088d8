"""aiokafka: assigned partitions, no group."""

import asyncio
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from digests import CODECS, PARTITIONS, SINCE_MS, TAIL, Reading, report, sent

address, prefix = sys.argv[1:3]


async def row_of(codec):
    row = {"codec": codec, "isIdempotent": True}
    topic = f"{prefix}-{codec}"
    try:
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        await admin.start()
        answer = await admin.create_topics([NewTopic(topic, 4, 1, topic_configs={"retention.ms": "-1"})])
        await admin.close()
        if any(error[1] != 0 for error in answer.topic_errors):
            raise RuntimeError(str(answer))
        await produce(topic, None if codec == "none" else codec)
        row.update(await read_back(topic))
    except Exception:
        row["error"] = traceback.format_exc()
    return row


async def produce(topic, compression):
    producer = AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=True, compression_type=compression, linger_ms=5)
    await producer.start()
    futures = [await producer.send(topic, key=key, value=value, timestamp_ms=at) for key, value, at in sent()]
    await asyncio.wait_for(asyncio.gather(*futures), 20)
    await producer.stop()


async def read_back(topic):
    consumer = AIOKafkaConsumer(bootstrap_servers=address, group_id=None, auto_offset_reset="none",
                                max_partition_fetch_bytes=65536, check_crcs=True)
    await consumer.start()
    places = [TopicPartition(topic, p) for p in PARTITIONS]
    consumer.assign(places)
    ends = {place.partition: end for place, end in (await consumer.end_offsets(places)).items()}
    since = await consumer.offsets_for_times({place: SINCE_MS for place in places})
    row = {}
    await consumer.seek_to_beginning(*places)
    row["beginning"] = await read(consumer, ends)
    for place in places:
        consumer.seek(place, ends[place.partition] - TAIL)
    row["end"] = await read(consumer, ends)
    for place in places:
        consumer.seek(place, since[place].offset)
    row["timestamp"] = await read(consumer, ends)
    await consumer.stop()
    return row


async def read(consumer, ends):
    reading = Reading(ends)
    until = time.monotonic() + 15
    while reading.left:
        if time.monotonic() > until:
            raise TimeoutError(f"still waiting for {reading.left}, got {reading.counts}")
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                reading.take(record.partition, record.offset, record.timestamp, record.key, record.value)
    return reading.digests()


async def main():
    report(f"aiokafka {aiokafka.__version__}", [await row_of(codec) for codec in CODECS])


asyncio.run(main())
