// Who answers names of the clusterset in each cluster: a line under `show services`.
import { readDns } from '../../install/names/read.ts'
import { type NamesState, namesState } from '../../install/names/state.ts'
import { messageOf } from '../../model/errors.ts'
import type { ServiceSight } from './service-sight.ts'
import { printable } from './tables.ts'

export interface NamesSight {
  readonly cluster: string
  readonly context: string
  /** `unknown`: its DNS may not be looked at. */
  readonly mode: NamesState['mode'] | 'unknown'
  readonly text: string
}

/** Never throws: services can be seen without it. */
export async function namesSight({ clusterId, subject, zones }: ServiceSight): Promise<NamesSight> {
  const place = { cluster: clusterId, context: subject.name }
  try {
    return { ...place, ...namesState(await readDns(subject.api), zones) }
  } catch (error) {
    return { ...place, mode: 'unknown', text: `not seen: ${messageOf(error)}` }
  }
}

export const namesLine = ({ cluster, text }: NamesSight): string => printable(`Names in ${cluster} are answered by ${text}`)
