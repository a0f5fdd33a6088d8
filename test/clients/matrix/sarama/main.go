// sarama, at the newest version it knows: idempotent, partitions consumed directly.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/IBM/sarama"
)

const (
	client       = "sarama"
	module       = "github.com/IBM/sarama"
	isIdempotent = true
)

var codecOf = map[string]sarama.CompressionCodec{
	"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
	"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
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
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Producer.Compression = codecOf[made.Codec]
	config.Producer.Idempotent = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Return.Successes = true
	config.Producer.Flush.MaxMessages = 500
	config.Net.MaxOpenRequests = 1
	config.Consumer.Fetch.Default = 65_536
	config.Consumer.MaxWaitTime = 50 * time.Millisecond // a reader that is closed waits for its last fetch
	admin, err := sarama.NewClusterAdmin([]string{address}, config)
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	defer admin.Close()
	forever := "-1"
	detail := &sarama.TopicDetail{NumPartitions: 4, ReplicationFactor: 1, ConfigEntries: map[string]*string{"retention.ms": &forever}}
	if err := admin.CreateTopic(topic, detail, false); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if err := produce(address, topic, config); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	reader, err := sarama.NewClient([]string{address}, config)
	if err != nil {
		return err
	}
	defer reader.Close()
	if made.Beginning, err = read(reader, topic, func(_ int32, _ int64) (int64, error) { return sarama.OffsetOldest, nil }); err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	if made.End, err = read(reader, topic, func(_ int32, end int64) (int64, error) { return end - tail, nil }); err != nil {
		return fmt.Errorf("end: %w", err)
	}
	if made.Timestamp, err = read(reader, topic, func(p int32, _ int64) (int64, error) { return reader.GetOffset(topic, p, sinceMs) }); err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	return nil
}

func produce(address, topic string, config *sarama.Config) error {
	producer, err := sarama.NewSyncProducer([]string{address}, config)
	if err != nil {
		return err
	}
	defer producer.Close()
	messages := make([]*sarama.ProducerMessage, 0, total)
	for i := 0; i < total; i++ {
		messages = append(messages, &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder(keyOf(i)),
			Value: sarama.StringEncoder(valueOf(i)), Timestamp: time.UnixMilli(startMs + int64(i))})
	}
	return producer.SendMessages(messages)
}

func read(reader sarama.Client, topic string, from func(partition int32, end int64) (int64, error)) (map[string]digest, error) {
	consumer, err := sarama.NewConsumerFromClient(reader)
	if err != nil {
		return nil, err
	}
	digests := map[string]digest{}
	for partition := int32(0); partition < 4; partition++ {
		end, err := reader.GetOffset(topic, partition, sarama.OffsetNewest)
		if err != nil {
			return nil, err
		}
		offset, err := from(partition, end)
		if err != nil {
			return nil, err
		}
		stream, err := consumer.ConsumePartition(topic, partition, offset)
		if err != nil {
			return nil, err
		}
		found := newPlace(end)
		for !found.isDone() {
			select {
			case m := <-stream.Messages():
				found.take(m.Offset, m.Timestamp.UnixMilli(), m.Key, m.Value)
			case <-time.After(10 * time.Second):
				return nil, fmt.Errorf("partition %d: nothing after offset %d of %d", partition, found.next, end)
			}
		}
		digests[fmt.Sprint(partition)] = found.digest()
		if err := stream.Close(); err != nil {
			return nil, err
		}
	}
	return digests, nil
}
