#!/bin/sh
# Brings the clients of the matrix into node_modules/.cache/varve-clients/matrix, each through its language's own package
# manager, and builds the Go programs. Run again, it only looks. What it cannot bring, the suite skips with the reason.
# Called by `npm run test:matrix`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
mkdir -p node_modules/.cache/varve-clients/matrix
cache=$(cd node_modules/.cache/varve-clients/matrix && pwd)

has() { command -v "$1" >/dev/null 2>&1; }

# `done_for name versions`: whether exactly these are there already
done_for() { [ "$(cat "$cache/$1/.complete" 2>/dev/null || true)" = "$2" ]; }

bring_npm() {
  wanted='kafkajs@2.2.4 @platformatic/kafka@1.35.0'
  done_for npm "$wanted" && return 0
  mkdir -p "$cache/npm"
  echo '{"private":true}' >"$cache/npm/package.json"
  # shellcheck disable=SC2086
  if (cd "$cache/npm" && npm install --no-audit --no-fund --silent $wanted); then
    echo "$wanted" >"$cache/npm/.complete"
  else
    echo "setup: npm could not bring $wanted" >&2
  fi
}

bring_python() {
  wanted='confluent-kafka==2.16.1 kafka-python==3.0.12 aiokafka==0.14.0 python-snappy==0.7.3 lz4==4.4.5 zstandard==0.25.0 cramjam==2.14.0'
  done_for python "$wanted" && return 0
  # shellcheck disable=SC2086
  if python3 -m venv "$cache/python" && "$cache/python/bin/pip" install -q --disable-pip-version-check --only-binary :all: $wanted; then
    echo "$wanted" >"$cache/python/.complete"
  else
    echo "setup: pip could not bring $wanted" >&2
  fi
}

# folder, modules
bring_go() {
  name=$1
  shift
  folder=$cache/$name
  mkdir -p "$folder"
  if ! done_for "$name" "$*"; then
    rm -f "$folder/go.mod" "$folder/go.sum"
    (cd "$folder" && go mod init "varve.test/$name" && go get "$@") >"$folder/setup.log" 2>&1 || {
      echo "setup: Go could not bring $*" >&2
      return 0
    }
    echo "$*" >"$folder/.complete"
  fi
  if ! cmp -s "$here/$name/main.go" "$folder/main.go" || [ ! -x "$folder/client" ]; then
    cp "$here/$name/main.go" "$folder/main.go"
    rm -f "$folder/client"
    (cd "$folder" && go build -o client .) || echo "setup: $name does not build" >&2
  fi
}

if has npm; then bring_npm; else echo 'setup: no npm: kafkajs and @platformatic/kafka are skipped' >&2; fi
if has python3; then bring_python; else echo 'setup: no python3: the Python clients are skipped' >&2; fi
if has go; then
  bring_go franz-go github.com/twmb/franz-go@v1.22.2 github.com/twmb/franz-go/pkg/kadm@v1.19.0
  bring_go sarama github.com/IBM/sarama@v1.61.1
  bring_go kafka-go github.com/segmentio/kafka-go@v0.4.51
else
  echo 'setup: no Go: franz-go, sarama and kafka-go are skipped' >&2
fi
