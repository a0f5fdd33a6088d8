"""What the Python programs share: the records that are sent, and digests of what is read (see clients.ts)."""

import hashlib
import json

TOTAL = 10_000
TAIL = 100
START_MS = 1_700_000_000_000
SINCE_MS = START_MS + 5_000
PARTITIONS = range(4)
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def sent():
    """(key, value, timestamp in ms) of each record, in order."""
    for i in range(TOTAL):
        yield f"key-{i}".encode(), f"value {i} {'x' * (i % 100)}".encode(), START_MS + i


class Reading:
    """Partitions that are read up to the ends that were there at the start."""

    def __init__(self, ends):
        self.left = {partition for partition in PARTITIONS if ends[partition] > 0}
        self.ends = ends
        self.counts = {partition: 0 for partition in PARTITIONS}
        self.hashes = {partition: hashlib.sha256() for partition in PARTITIONS}

    def take(self, partition, offset, timestamp, key, value):
        line = f"{offset}|{timestamp}|{key.decode()}|{value.decode()}\n"
        self.hashes[partition].update(line.encode())
        self.counts[partition] += 1
        if offset + 1 >= self.ends[partition]:
            self.left.discard(partition)

    def digests(self):
        return {str(p): {"count": self.counts[p], "sha256": self.hashes[p].hexdigest()} for p in PARTITIONS}


def report(client, rows, skipped=None):
    print(json.dumps({"client": client, "rows": rows, "skipped": skipped or {}}), flush=True)
