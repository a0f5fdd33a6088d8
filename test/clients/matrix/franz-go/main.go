// franz-go: idempotent as by default, partitions consumed directly.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	client       = "franz-go"
	module       = "github.com/twmb/franz-go"
	isIdempotent = true
)

var codecOf = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

const (
	total   = 10_000
	tail    = 100
	startMs = 1_700_000_000_000
	sinceMs = startMs + 5_000
)

var codecs = []string{"none", "gzip", "snappy", "lz4", "zstd"}

type digest struct {
	Count  int    `json:"count"`
	Sha256 string `json:"sha256"`
}

type row struct {
	Codec        string            `json:"codec"`
	IsIdempotent bool              `json:"isIdempotent"`
	Beginning    map[string]digest `json:"beginning,omitempty"`
	End          map[string]digest `json:"end,omitempty"`
	Timestamp    map[string]digest `json:"timestamp,omitempty"`
	Error        string            `json:"error,omitempty"`
}

// One partition that is read up to the end that was there at the start.
type place struct {
	end   int64
	next  int64
	count int
	hash  hash.Hash
}

func newPlace(end int64) *place { return &place{end: end, hash: sha256.New()} }

func (p *place) take(offset, ms int64, key, value []byte) {
	fmt.Fprintf(p.hash, "%d|%d|%s|%s\n", offset, ms, key, value)
	p.count++
	p.next = offset + 1
}

func (p *place) isDone() bool { return p.next >= p.end }

func (p *place) digest() digest { return digest{p.count, hex.EncodeToString(p.hash.Sum(nil))} }

func keyOf(i int) string   { return fmt.Sprintf("key-%d", i) }
func valueOf(i int) string { return fmt.Sprintf("value %d %s", i, strings.Repeat("x", i%100)) }

func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, found := range info.Deps {
		if found.Path == module {
			return strings.TrimPrefix(found.Version, "v")
		}
	}
	return "?"
}

func main() {
	address, prefix := os.Args[1], os.Args[2]
	rows := []row{}
	for _, codec := range codecs {
		made := row{Codec: codec, IsIdempotent: isIdempotent}
		if err := fill(&made, address, prefix+"-"+codec); err != nil {
			made.Error = err.Error()
		}
		rows = append(rows, made)
	}
	line, _ := json.Marshal(map[string]any{"client": client + " " + version(module), "rows": rows})
	fmt.Println(string(line))
}

func fill(made *row, address, topic string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	producer, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.ProducerBatchCompression(codecOf[made.Codec]),
		kgo.ProducerBatchMaxBytes(16384), kgo.DefaultProduceTopic(topic))
	if err != nil {
		return err
	}
	defer producer.Close()
	admin := kadm.NewClient(producer)
	forever := "-1"
	if _, err := admin.CreateTopic(ctx, 4, 1, map[string]*string{"retention.ms": &forever}, topic); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if err := produce(ctx, producer); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	ends, err := admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return fmt.Errorf("ends: %w", err)
	}
	if made.Beginning, err = read(ctx, address, topic, ends, kgo.NewOffset().AtStart()); err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	if made.End, err = read(ctx, address, topic, ends, kgo.NewOffset().AtEnd().Relative(-tail)); err != nil {
		return fmt.Errorf("end: %w", err)
	}
	if made.Timestamp, err = read(ctx, address, topic, ends, kgo.NewOffset().AfterMilli(sinceMs)); err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	return nil
}

func produce(ctx context.Context, producer *kgo.Client) error {
	var failed error
	for i := 0; i < total; i++ {
		record := &kgo.Record{Key: []byte(keyOf(i)), Value: []byte(valueOf(i)), Timestamp: time.UnixMilli(startMs + int64(i))}
		producer.Produce(ctx, record, func(_ *kgo.Record, err error) {
			if err != nil {
				failed = err
			}
		})
	}
	if err := producer.Flush(ctx); err != nil {
		return err
	}
	return failed
}

func read(ctx context.Context, address, topic string, ends kadm.ListedOffsets, from kgo.Offset) (map[string]digest, error) {
	places, offsets := map[int32]*place{}, map[int32]kgo.Offset{}
	for partition, end := range ends[topic] {
		places[partition], offsets[partition] = newPlace(end.Offset), from
	}
	consumer, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.FetchMaxPartitionBytes(65_536),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: offsets}))
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	for left := true; left; {
		fetches := consumer.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			places[r.Partition].take(r.Offset, r.Timestamp.UnixMilli(), r.Key, r.Value)
		})
		left = false
		for _, found := range places {
			left = left || !found.isDone()
		}
	}
	digests := map[string]digest{}
	for partition, found := range places {
		digests[fmt.Sprint(partition)] = found.digest()
	}
	return digests, nil
}
