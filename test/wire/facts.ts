// Facts about Kafka's messages (keys, versions, and per field: type, versions, nullable versions, tag, default), taken from the
// JSON in a kafka-clients jar; no text of Kafka's. facts.jsonl beside this is what the newest jar said:
//   npx tsx test/wire/facts.ts <kafka-clients.jar> > test/wire/facts.jsonl
// Used by definitions.test.ts.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { inflateRawSync } from 'node:zlib'

export interface MessageFacts {
  readonly api: number
  readonly name: string
  readonly versions: string
  readonly flexible: string
  readonly unstable: boolean
  readonly fields: readonly FieldFacts[]
}

/** '' where there is none. A path has dots; a type is a scalar's name, 'struct', or either behind '[]'. */
export type FieldFacts = readonly [
  path: string,
  type: string,
  versions: string,
  nullable: string,
  tag: number | '',
  tagged: string,
  preset: string,
]

interface Spec {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly tag?: number
  readonly taggedVersions?: string
  readonly default?: unknown
  readonly fields?: readonly Spec[]
}

interface MessageSpec {
  readonly apiKey?: number
  readonly name: string
  readonly type: string
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly latestVersionUnstable?: boolean
  readonly fields: readonly Spec[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly Spec[] }[]
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/varve-clients/', import.meta.url))

/**
 * A jar of Kafka's client: VARVE_KAFKA_CLIENTS_JAR (empty: none), else one that is there already (test/clients/setup.sh), else the newest one
 * if Maven brings it; undefined if not.
 */
export function findJar(): string | undefined {
  const given = process.env['VARVE_KAFKA_CLIENTS_JAR']
  if (given !== undefined) return given === '' ? undefined : given
  const folders = ['definitions', 'java-newest/libs'].map(name => path.join(cache, name))
  return folders.map(jarIn).find(jar => jar !== undefined) ?? fetchJar(folders[0])
}

/** All requests and responses, by their API's key. */
export function factsOfJar(jar: string): MessageFacts[] {
  const facts: MessageFacts[] = []
  for (const [, text] of filesIn(jar, /^common\/message\/\w+(Request|Response)\.json$/)) {
    const spec = JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as MessageSpec
    const isAlive = spec.validVersions !== 'none'
    if (spec.apiKey !== undefined && isAlive) facts.push(factsOf(spec, spec.apiKey))
  }
  return facts.sort((a, b) => a.api - b.api || (a.name < b.name ? -1 : 1))
}

export function storedFacts(): { jar: string; messages: MessageFacts[] } {
  const [head, ...lines] = fs
    .readFileSync(new URL('facts.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  return { jar: JSON.parse(head).jar, messages: lines.map(line => JSON.parse(line) as MessageFacts) }
}

function jarIn(folder: string): string | undefined {
  if (!fs.existsSync(folder)) return undefined
  const name = fs.readdirSync(folder).find(file => /^kafka-clients-[\d.]+\.jar$/.test(file))
  return name === undefined ? undefined : path.join(folder, name)
}

function fetchJar(folder: string): string | undefined {
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
  const options = ['-Dartifact=org.apache.kafka:kafka-clients:RELEASE', `-DoutputDirectory=${folder}`]
  try {
    execFileSync('mvn', ['-q', '-B', goal, ...options], { stdio: 'ignore', timeout: 60_000 })
    return jarIn(folder)
  } catch {
    return undefined
  }
}

function factsOf(spec: MessageSpec, api: number): MessageFacts {
  const shared = new Map((spec.commonStructs ?? []).map(({ name, fields }) => [name, fields]))
  // A struct that is written down once may be named again by its type.
  const collect = (specs: readonly Spec[]): void => {
    for (const { type, fields } of specs)
      if (fields !== undefined) {
        shared.set(type.replace('[]', ''), fields)
        collect(fields)
      }
  }
  collect(spec.fields)
  const rows: FieldFacts[] = []
  const walk = (specs: readonly Spec[], prefix: string): void => {
    for (const each of specs) {
      const element = each.type.replace('[]', '')
      const isStruct = /^[A-Z]/.test(element)
      const place = `${prefix}${each.name[0].toLowerCase()}${each.name.slice(1)}`
      const { versions, nullableVersions = '', tag = '', taggedVersions = '' } = each
      const type = isStruct ? each.type.replace(element, 'struct') : each.type
      rows.push([place, type, versions, nullableVersions, tag, taggedVersions, String(each.default ?? '')])
      if (isStruct) walk(each.fields ?? shared.get(element) ?? [], `${place}.`)
    }
  }
  walk(spec.fields, '')
  const { name, validVersions, flexibleVersions, latestVersionUnstable = false } = spec
  return {
    api,
    name,
    versions: validVersions,
    flexible: flexibleVersions,
    unstable: latestVersionUnstable,
    fields: rows,
  }
}

/** Of a zip archive, by the central directory at its end. */
function* filesIn(archive: string, wanted: RegExp): Generator<[name: string, text: string]> {
  const bytes = fs.readFileSync(archive)
  const end = bytes.lastIndexOf(Buffer.from('504b0506', 'hex'))
  let at = bytes.readUInt32LE(end + 16)
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map(place => bytes.readUInt16LE(at + place))
    const name = bytes.toString('utf8', at + 46, at + 46 + nameBytes)
    if (wanted.test(name)) {
      const local = bytes.readUInt32LE(at + 42)
      const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
      const data = bytes.subarray(from, from + bytes.readUInt32LE(at + 20))
      yield [name, (bytes.readUInt16LE(at + 10) === 0 ? data : inflateRawSync(data)).toString('utf8')]
    }
    at += 46 + nameBytes + extraBytes + commentBytes
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const jar = process.argv[2]
  const lines = [{ jar: path.basename(jar) }, ...factsOfJar(jar)].map(line => JSON.stringify(line))
  process.stdout.write(`${lines.join('\n')}\n`)
}
