// What makes a central API server a broker: namespace, kinds, rights, the key of the clusterset, and the file that members join with.
import { waitForToken } from '../../broker/credentials.ts'
import { ADMIN_ACCOUNT, BROKER_COMPONENTS, PSK_BYTES, writeBrokerInfo } from '../../broker/info.ts'
import { brokerRights } from '../../broker/rights.ts'
import { brokerCrds, labelled } from '../../install/objects/manifests.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { put } from '../../k8s/put.ts'
import { BROKER_NAMESPACE, PSK_SECRET } from '../../model/names.ts'
import type { Secret } from '../../model/resources.ts'
import { randomBase64 } from '../../system/random.ts'
import type { Context } from '../context.ts'

/** What the broker file says, but for where the broker is. */
export interface Prepared {
  readonly psk: string
  readonly token: string
  readonly ca: string
}

/** Makes the broker's objects where they are missing: with the key (base64) that was the clusterset's before, where there is one. Run again it changes nothing. */
export async function prepareBroker({ clock, signal }: Context, api: KubeApi, keptPsk?: string): Promise<Prepared> {
  for (const object of [...brokerRights(), ...brokerCrds()]) await put(api, labelled(object))
  const there = await api.get('Secret', PSK_SECRET, BROKER_NAMESPACE)
  const psk = (there ?? (await api.create(labelled(pskSecret(keptPsk ?? randomBase64(PSK_BYTES)))))).data?.psk ?? ''
  const { token, ca } = await waitForToken(api, ADMIN_ACCOUNT, BROKER_NAMESPACE, { clock, signal })
  return { psk, token, ca }
}

/** The text of the broker file. */
export const brokerFileText = (prepared: Prepared, brokerUrl: string): string =>
  writeBrokerInfo({ ...prepared, brokerUrl, namespace: BROKER_NAMESPACE, components: BROKER_COMPONENTS, customDomains: [] })

const pskSecret = (psk: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: PSK_SECRET, namespace: BROKER_NAMESPACE },
  type: 'Opaque',
  data: { psk },
})
