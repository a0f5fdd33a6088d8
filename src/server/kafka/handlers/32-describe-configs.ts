// DescribeConfigs: every setting with its value, where that comes from, and, if asked, what it means.

import type { SettingDescription } from '../../../broker/admin-types.ts'
import type { Broker } from '../../../broker/types.ts'
import type { Decoded } from '../../../bytes/schema.ts'
import { apis } from '../../../protocol/messages/index.ts'
import type { Handler } from '../handler.ts'
import { failed, keyOf, namedTwice } from './alter-resources.ts'
import { configSources, configTypes, resourceOf } from './config-resources.ts'
import type { RequestFields, ResponseFields } from './index.ts'
import { repeatedIn } from './repeated.ts'

type Request = Decoded<RequestFields<'describeConfigs'>>

/** Before, an answer says only whether a value is the default. */
const sourceVersionMin = 1

export const describeConfigs: Handler<RequestFields<'describeConfigs'>, ResponseFields<'describeConfigs'>> = {
  api: apis.describeConfigs,
  versions: [0, 4],
  async handle({ broker }, request, version) {
    const repeated = repeatedIn(request.resources.map(keyOf))
    const results = request.resources.map(each => describe({ broker, request, version, repeated }, each))
    return { results: await Promise.all(results) }
  },
}

interface Question {
  readonly broker: Broker
  readonly request: Request
  readonly version: number
  /** Resources that are named more than once. */
  readonly repeated: ReadonlySet<string>
}

async function describe(question: Question, resource: Request['resources'][number]) {
  const { broker, request, version, repeated } = question
  const { resourceType, resourceName, configurationKeys } = resource
  try {
    if (repeated.has(keyOf(resource))) throw namedTwice()
    const all = await resourceOf(broker, resource).describe()
    const wanted = configurationKeys === null ? all : all.filter(({ name }) => configurationKeys.includes(name))
    const configs = wanted.map(setting => describeOne(setting, request, version))
    return { errorCode: 0, errorMessage: null, resourceType, resourceName, configs }
  } catch (thrown) {
    return { ...failed(thrown), resourceType, resourceName, configs: [] }
  }
}

function describeOne(setting: SettingDescription, request: Request, version: number) {
  const { name, value, source, isReadOnly, type, doc, synonyms } = setting
  return {
    name,
    value,
    readOnly: isReadOnly,
    isDefault: version < sourceVersionMin && source === 'default',
    configSource: configSources[source],
    isSensitive: false,
    synonyms: request.includeSynonyms
      ? synonyms.map(each => ({ name: each.name, value: each.value, source: configSources[each.source] }))
      : [],
    configType: configTypes[type],
    documentation: request.includeDocumentation ? doc : null,
  }
}
