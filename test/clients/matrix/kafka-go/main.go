// segmentio's kafka-go: Writer (not idempotent: it has no such producer) and Reader of single partitions.
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

	"github.com/segmentio/kafka-go"
)

const (
	client       = "kafka-go"
	module       = "github.com/segmentio/kafka-go"
	isIdempotent = false
)

var codecOf = map[string]kafka.Compression{
	"none": 0, "gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd,
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
	admin := &kafka.Client{Addr: kafka.TCP(address)}
	detail := kafka.TopicConfig{Topic: topic, NumPartitions: 4, ReplicationFactor: 1,
		ConfigEntries: []kafka.ConfigEntry{{ConfigName: "retention.ms", ConfigValue: "-1"}}}
	answer, err := admin.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{detail}})
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if err := answer.Errors[topic]; err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if err := produce(ctx, address, topic, codecOf[made.Codec]); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	ends, err := endsOf(ctx, admin, topic)
	if err != nil {
		return fmt.Errorf("ends: %w", err)
	}
	atStart := func(r *kafka.Reader, _ int64) error { return r.SetOffset(kafka.FirstOffset) }
	beforeEnd := func(r *kafka.Reader, end int64) error { return r.SetOffset(end - tail) }
	atTime := func(r *kafka.Reader, _ int64) error { return r.SetOffsetAt(ctx, time.UnixMilli(sinceMs)) }
	if made.Beginning, err = read(ctx, address, topic, ends, atStart); err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	if made.End, err = read(ctx, address, topic, ends, beforeEnd); err != nil {
		return fmt.Errorf("end: %w", err)
	}
	if made.Timestamp, err = read(ctx, address, topic, ends, atTime); err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	return nil
}

func produce(ctx context.Context, address, topic string, codec kafka.Compression) error {
	writer := &kafka.Writer{Addr: kafka.TCP(address), Topic: topic, Balancer: &kafka.Hash{}, BatchSize: 500,
		BatchTimeout: 10 * time.Millisecond, RequiredAcks: kafka.RequireAll, Compression: codec}
	messages := make([]kafka.Message, 0, total)
	for i := 0; i < total; i++ {
		messages = append(messages, kafka.Message{Key: []byte(keyOf(i)), Value: []byte(valueOf(i)), Time: time.UnixMilli(startMs + int64(i))})
	}
	if err := writer.WriteMessages(ctx, messages...); err != nil {
		return err
	}
	return writer.Close()
}

func endsOf(ctx context.Context, admin *kafka.Client, topic string) (map[int]int64, error) {
	wanted := []kafka.OffsetRequest{}
	for partition := 0; partition < 4; partition++ {
		wanted = append(wanted, kafka.LastOffsetOf(partition))
	}
	answer, err := admin.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: wanted}})
	if err != nil {
		return nil, err
	}
	ends := map[int]int64{}
	for _, found := range answer.Topics[topic] {
		if found.Error != nil {
			return nil, found.Error
		}
		ends[found.Partition] = found.LastOffset
	}
	return ends, nil
}

func read(ctx context.Context, address, topic string, ends map[int]int64, seek func(*kafka.Reader, int64) error) (map[string]digest, error) {
	digests := map[string]digest{}
	for partition, end := range ends {
		reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{address}, Topic: topic, Partition: partition,
			MinBytes: 1, MaxBytes: 65_536, MaxWait: 50 * time.Millisecond})
		if err := seek(reader, end); err != nil {
			return nil, err
		}
		found := newPlace(end)
		for !found.isDone() {
			m, err := reader.ReadMessage(ctx)
			if err != nil {
				return nil, fmt.Errorf("partition %d after offset %d of %d: %w", partition, found.next, end, err)
			}
			found.take(m.Offset, m.Time.UnixMilli(), m.Key, m.Value)
		}
		digests[fmt.Sprint(partition)] = found.digest()
		if err := reader.Close(); err != nil {
			return nil, err
		}
	}
	return digests, nil
}
