// Whether all clusters have one pre-shared key. Keys are compared by digests, which are never told.
import { ApiError } from '../../k8s/api.ts'
import { PSK_SECRET } from '../../model/names.ts'
import { sha256 } from '../../system/digest.ts'
import type { Verdict } from '../check.ts'
import type { CheckContext } from '../subject.ts'

/** Also what is to be done where a peer's authentication fails. */
export const ONE_KEY =
  'put one key into all of them: run `subctl join broker-info.subm --cluster-id NAME` again for each, with one and the same file, which has the key'

interface Key {
  /** The cluster's id, else its context. */
  readonly cluster: string
  readonly digest: string | undefined
  /** Why there is no digest; "" where there is one. */
  readonly why: string
}

/** SUB0642. Tunnels that stand have used the key already: one that was changed shows at the next hand-over only. */
export async function oneKey(context: CheckContext): Promise<Verdict> {
  if (context.all.length < 2) return { is: 'skipped', reason: 'one context alone was given: there is no key to compare with' }
  const own = await keyOf(context)
  if (own.digest === undefined) return { is: 'skipped', reason: own.why }
  const others = await Promise.all(context.all.filter((other) => other !== context).map(keyOf))
  const told = others.filter(({ digest }) => digest !== undefined)
  const unlike = told.filter(({ digest }) => digest !== own.digest).map(({ cluster }) => cluster)
  if (unlike.length > 0)
    return {
      is: 'failed',
      reason: `${own.cluster} has another pre-shared key than ${unlike.join(', ')}: no tunnel comes up between them once a gateway changes`,
      hint: ONE_KEY,
    }
  if (told.length === 0) return { is: 'skipped', reason: others.map(({ cluster, why }) => `${cluster}: ${why}`).join('; ') }
  return { is: 'ok', note: `as in ${told.map(({ cluster }) => cluster).join(', ')}` }
}

async function keyOf({ name, api, namespace, look }: CheckContext): Promise<Key> {
  let cluster = name
  try {
    const { clusterId, settings } = await look()
    cluster = clusterId ?? name
    const secret = settings.CE_IPSEC_PSKSECRET || PSK_SECRET
    const base64 = (await api.get('Secret', secret, namespace))?.data?.psk ?? ''
    const psk = Buffer.from(base64, 'base64').toString('utf8').trim()
    if (psk === '') return { cluster, digest: undefined, why: `there is no key in the Secret ${namespace}/${secret}` }
    return { cluster, digest: sha256(psk), why: '' }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { cluster, digest: undefined, why: `its key cannot be read: ${error.message}` }
  }
}
