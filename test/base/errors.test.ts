// Our table of errors has Kafka's numbers and says "retriable" where Kafka does (errors.jsonl: KafkaErrors.java says how it was
// made).

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorTable } from '../../src/base/errors.ts'

const kafka = readFileSync(new URL('errors.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as [name: string, code: number, retriable: boolean])

test("every error of Kafka's is there, with its number and whether it may be tried again", () => {
  const ours = Object.entries(errorTable).map(([name, [code, retriable]]) => [name, code, retriable])
  const names = new Set(kafka.map(([name]) => name))
  expect(ours.filter(([name]) => names.has(name as string))).toEqual(kafka)
})

test("errors of our own have no number of Kafka's", () => {
  const names = new Set(kafka.map(([name]) => name))
  const own = Object.entries(errorTable).filter(([name]) => !names.has(name))
  expect(own.map(([, [code]]) => code)).toEqual(own.map(() => -1))
})
