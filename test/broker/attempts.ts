// What tests of members' rights share: two members of a broker, and requests as one of them.
import { makeCredential } from '../../src/broker/credentials.ts'
import { brokerRights, memberPolicy } from '../../src/broker/rights.ts'
import { applyPlan } from '../../src/install/apply/apply.ts'
import { compare } from '../../src/install/apply/compare.ts'
import { brokerCrds } from '../../src/install/objects/manifests.ts'
import { at } from '../../src/install/tree.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { BROKER_NAMESPACE } from '../../src/model/names.ts'
import type { Resource } from '../../src/model/resources.ts'
import { realClock } from '../../src/system/clock.ts'
import { openHttp } from '../../src/system/http.ts'
import { openPlace, type Place } from '../cluster/plane-suite.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'

const options = { clock: realClock, signal: new AbortController().signal }
export const meta = { namespace: BROKER_NAMESPACE, creationTimestamp: undefined } as unknown as Resource['metadata']
export const cluster = (id: string, n: number): Resource => clusterOf(id, { n, meta })
export const endpoint = (id: string, n: number): Resource => endpointOf(id, { n, meta })

/** Two members with their objects; gives west's token. */
export async function members(admin: KubeApi): Promise<string> {
  for (const [i, id] of ['west', 'east'].entries()) {
    await admin.create(cluster(id, i + 1))
    await admin.create(endpoint(id, i + 1))
  }
  const made = ['west', 'east'].map((clusterId) => {
    const member = { clusterId, clusterUid: `uid-${clusterId}`, namespace: BROKER_NAMESPACE }
    return makeCredential(admin, member, options)
  })
  return (await Promise.all(made))[0]?.token ?? ''
}

/** A broker on a real API server, with more objects than a broker has today. */
export async function realBroker(place: Place, more: readonly Resource[] = []): Promise<string> {
  const admin = openPlace(place)
  const [namespace, ...rights] = brokerRights()
  const objects = [...(namespace ? [namespace] : []), ...brokerCrds(), ...more, ...rights, ...memberPolicy()]
  await applyPlan(admin, await compare(admin, objects), { ...options, deadline: Date.now() + 60_000, progress: () => undefined })
  const token = await members(admin)
  // A policy counts a moment after it is there.
  const member = openPlace({ ...place, token })
  while (
    await member.create(cluster('nobody', 9), { dryRun: true }).then(
      () => true,
      () => false,
    )
  )
    await realClock.sleep(50)
  return token
}

export type Try = (
  method: string,
  path: string,
  body?: unknown,
  type?: string,
) => Promise<{ readonly status: number; readonly message: unknown }>
export function tryAt({ server, ca }: Place, token: string): Try {
  const http = openHttp({ ca })
  return async (method, path, body, type = 'application/json') => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': type }
    const { status, text } = await http.ask({
      url: server + path,
      method,
      headers,
      timeoutMs: 30_000,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status, message: at(JSON.parse(text), 'message') }
  }
}

export const JSON_PATCH = 'application/json-patch+json'
export const MERGE = 'application/merge-patch+json'
export const APPLY = 'application/apply-patch+yaml'
export const STRATEGIC = 'application/strategic-merge-patch+json'
