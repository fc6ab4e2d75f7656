// A charon that goes on with the port it was started with, while the settings say another one: its pods outlast a change of them.
import { int, maximum, minimum, object, safeParse } from 'zod/mini'
import { CHARON_WORKLOAD, NAMESPACE } from './names.ts'
import type { Gateway } from './resources.ts'

/** Of a Gateway: the port that the settings want, as long as its charon has another one; "" where they agree. */
export const WANTED_PORT_ANNOTATION = 'submariner.io/wanted-port'

const port = () => int().check(minimum(1), maximum(65_535))
const State = object({ port: port() })

/** The port in what a keeper has written of its charon; undefined where that is nothing of the kind. */
export function readCharonPort(text: string): number | undefined {
  try {
    const parsed = safeParse(State, JSON.parse(text))
    return parsed.success ? parsed.data.port : undefined
  } catch {
    return undefined
  }
}

export interface OldPort {
  /** Name of the gateway. */
  readonly gateway: string
  readonly has: string
  readonly wanted: string
}

/** What a gateway says of a charon with another port than the settings; undefined where they agree, or it says nothing. */
export function oldPortOf({ metadata, status }: Gateway): OldPort | undefined {
  const wanted = portText(metadata.annotations?.[WANTED_PORT_ANNOTATION])
  const has = portText(status?.localEndpoint?.backend_config?.['udp-port'])
  if (wanted === undefined || has === undefined || wanted === has) return undefined
  return { gateway: metadata.name, has, wanted }
}

const portText = (text: string | undefined): string | undefined => (text !== undefined && /^[1-9]\d{0,4}$/.test(text) ? text : undefined)

/** In words, such as `charon on gw2 still has port 4500, the settings say 4700`. */
export const oldPortText = ({ gateway, has, wanted }: OldPort): string =>
  `charon on ${gateway} still has port ${has}, the settings say ${wanted}`

/** What to do about it. The flag names the cluster, such as ` --context west`. */
export const replaceCharon = (flag = ''): string =>
  `replace it: \`subctl upgrade${flag}\`; under Helm \`kubectl${flag} -n ${NAMESPACE} delete pod -l app=${CHARON_WORKLOAD} --field-selector spec.nodeName=NODE\`, ` +
  'one gateway after the other, those that stand by first'
