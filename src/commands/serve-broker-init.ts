// What makes a central API server a broker: namespace, kinds, rights, the key of the clusterset, and the file that members join with.
import { waitForToken } from '../broker/credentials.ts'
import { ADMIN_ACCOUNT, PSK_BYTES, writeBrokerInfo } from '../broker/info.ts'
import { brokerRights } from '../broker/rights.ts'
import { brokerCrds, labelled } from '../install/manifests.ts'
import type { KubeApi } from '../k8s/api.ts'
import { put } from '../k8s/put.ts'
import { BROKER_NAMESPACE, PSK_SECRET } from '../model/names.ts'
import type { Secret } from '../model/resources.ts'
import { randomBase64 } from '../system/random.ts'
import type { Context } from './context.ts'

/** Makes the broker's objects where they are missing, and gives the text of the broker file. Run again it changes nothing. */
export async function prepareBroker({ clock, signal }: Context, api: KubeApi, url: string | undefined): Promise<string | undefined> {
  for (const object of [...brokerRights(), ...brokerCrds()]) await put(api, labelled(object))
  const there = await api.get('Secret', PSK_SECRET, BROKER_NAMESPACE)
  const psk = (there ?? (await api.create(labelled(newPsk())))).data?.psk ?? ''
  const { token, ca } = await waitForToken(api, ADMIN_ACCOUNT, BROKER_NAMESPACE, { clock, signal })
  if (url === undefined) return undefined
  return writeBrokerInfo({ brokerUrl: url, namespace: BROKER_NAMESPACE, token, ca, psk, components: ['connectivity'], customDomains: [] })
}

const newPsk = (): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: PSK_SECRET, namespace: BROKER_NAMESPACE },
  type: 'Opaque',
  data: { psk: randomBase64(PSK_BYTES) },
})
