// Options that several commands share, so that they are spelled and explained once.

import { Option } from 'commander'

export const dirOption = (): Option =>
  new Option('--dir <directory>', 'the data directory').default('./segments').env('VARVE_DIR')

export const setOption = (): Option =>
  new Option('--set <name=value>', 'a setting, by its Kafka name; may be given several times')
    .argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
    .default([], 'none')
