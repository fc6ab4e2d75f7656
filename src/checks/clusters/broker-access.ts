import { type Access, fixedAccess } from '../../k8s/access.ts'
import { isRecord, parseJson } from '../../k8s/answers.ts'
import { ApiError, type KubeApi } from '../../k8s/api.ts'
import { UserError } from '../../model/errors.ts'
import { BROKER_SECRET, SETTINGS_CONFIGMAP } from '../../model/names.ts'
import { sha256 } from '../../system/digest.ts'

const JOIN_AGAIN = { hint: 'Run `subctl join broker-info.subm --cluster-id NAME` again: it renews address and credential.' }

/** Who a member is for the broker, without its secret. */
export interface BrokerCredential {
  /** The account, as far as the token says it: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly account?: string
  /** Equal for equal tokens. */
  readonly digest: string
}

export async function brokerCredential(api: KubeApi, namespace: string): Promise<BrokerCredential> {
  const { token = '' } = await (await brokerAccess(api, namespace)).credentials()
  const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  const account = isRecord(claims) && typeof claims.sub === 'string' ? { account: claims.sub } : {}
  return { ...account, digest: sha256(token) }
}

/** The account whose token the broker chart hands to every cluster alike (upstream's name). */
const SHARED_ACCOUNT = 'submariner-k8s-broker-client'
export const isShared = ({ account }: BrokerCredential): boolean => account?.split(':').at(-1) === SHARED_ACCOUNT

/** How a member's agents reach the broker: by the address in its settings and its own credential. Throws UserError where either is missing. */
export async function brokerAccess(api: KubeApi, namespace: string): Promise<Access> {
  const settings = (await api.get('ConfigMap', SETTINGS_CONFIGMAP, namespace))?.data ?? {}
  const server = settings.BROKER_K8S_APISERVER ?? ''
  if (server === '') throw new UserError('SUB0606', `The settings in namespace ${namespace} name no broker`, JOIN_AGAIN)
  const name = settings.BROKER_K8S_SECRET || BROKER_SECRET
  const data = (await api.get('Secret', name, namespace))?.data ?? {}
  const [token, ca] = [decode(data.token), decode(data['ca.crt'])]
  if (token === '') throw new UserError('SUB0606', `There is no token for the broker in the Secret ${namespace}/${name}`, JOIN_AGAIN)
  const isInsecure = settings.BROKER_K8S_INSECURE === 'true'
  return fixedAccess(
    server.includes('://') ? server : `https://${server}`,
    { token, ...(ca !== '' && !isInsecure && { ca }) },
    isInsecure ? { insecure: true } : {},
  )
}

/** Throws on: a broker that no longer accepts the credential, as after a forget, says what renews it. */
export function notAccepted(error: unknown): never {
  if (error instanceof ApiError && error.code === 401)
    throw new UserError('SUB0606', `The broker does not accept this cluster’s credential: ${error.message}`, {
      cause: error,
      ...JOIN_AGAIN,
    })
  throw error
}

const decode = (base64 = ''): string => Buffer.from(base64, 'base64').toString('utf8').trim()
