#!/bin/sh
# Brings what the client suites need and what is not there yet: kcat and a filled apt catalogue (apt-get, as root), Java
# clients and Kafka's own tools (Maven Central, into node_modules/.cache). Run again, it only looks. Called by `npm run
# test:clients` before the tests; what it cannot bring, the tests skip with the reason.
set -eu
cd "$(dirname "$0")/../.."
cache=node_modules/.cache/varve-clients

has() { command -v "$1" >/dev/null 2>&1; }

install_packages() {
  if ! has apt-get || [ "$(id -u)" != 0 ]; then
    echo "setup: not root on a Debian machine: cannot install$*" >&2
    return 0
  fi
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
    echo "setup: apt-get could not install $*" >&2
}

# name, Maven coordinates
bring_jars() {
  folder=$cache/$1
  [ -f "$folder/.complete" ] && return 0
  mkdir -p "$folder"
  cat >"$folder/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>varve.test</groupId><artifactId>$1</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>$2</artifactId><version>$3</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>$4</version></dependency>
  </dependencies>
</project>
POM
  if mvn -q -B -ntp -f "$folder/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$PWD/$folder/libs"; then
    touch "$folder/.complete"
    echo "setup: $2 $3 is in $folder"
  else
    echo "setup: Maven could not bring $2 $3" >&2
  fi
}

missing=
has kcat || missing="$missing kcat"
has java && has mvn || missing="$missing openjdk-17-jdk-headless maven"
# shellcheck disable=SC2086
[ -z "$missing" ] || install_packages $missing
if has apt-cache && [ "$(id -u)" = 0 ] && [ -z "$(apt-cache dumpavail | head -c 1)" ]; then
  apt-get update -qq || echo "setup: the package catalogue stays empty" >&2
fi

if has mvn; then
  bring_jars java-newest kafka-clients 4.4.0 1.7.36
  bring_jars java-3 kafka-clients 3.9.1 1.7.36
  bring_jars tools kafka-tools 4.3.1 1.7.36
else
  echo "setup: no Maven: the Java clients are skipped" >&2
fi
