// A broker and two clusters to join, on real API servers or on central ones; names of hosts lead to them as a resolver would have it.

import { afterAll, beforeAll } from '@jest/globals'
import type { KeyPair } from '../../src/apiserver/tls/certificates.ts'
import { brokerFileText, prepareBroker } from '../../src/commands/serve-broker/init.ts'
import { memberRule } from '../../src/commands/serve-broker/rule.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import type { Resource } from '../../src/model/resources.ts'
import { type Served, serve } from '../apiserver/serve.ts'
import { type Laptop, openPlace, type Place, planes } from '../cluster/plane-suite.ts'
import { fakeWorld } from '../fakes/context.ts'

export const BROKER_URL = 'https://broker.example:6443'
export const FILE = 'broker-info.subm'
/** What every join of these beds needs besides its id; a central server has no services' network to find. */
export const SERVICES: Readonly<Record<'west' | 'east', string>> = { west: '100.1.0.0/16', east: '100.2.0.0/16' }

export interface Bed {
  /** With contexts broker, west and east. */
  readonly laptop: Laptop
  readonly broker: KubeApi
  readonly west: KubeApi
  readonly east: KubeApi
}
export interface CentralBed extends Bed {
  /** The broker's. */
  readonly authority: KeyPair
}

export interface MadeNode {
  readonly name: string
  readonly address: string
  readonly podCidr: string
}

/** Makes a ready Node, as a kubelet and its cloud do. */
export async function makeNode(api: KubeApi, { name, address, podCidr }: MadeNode): Promise<void> {
  const spec = { podCIDR: podCidr, podCIDRs: [podCidr] }
  const made = await api.create({ apiVersion: 'v1', kind: 'Node', metadata: { name }, ...{ spec } })
  const status = { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: 'True' }] }
  await api.replaceStatus({ ...made, ...{ status } })
}

async function nodes(west: KubeApi, east: KubeApi): Promise<void> {
  for (const [n, api] of [west, east].entries())
    for (const name of ['gw', 'worker']) {
      const k = name === 'gw' ? 1 : 2
      await makeNode(api, { name, address: `172.16.${n + 1}.${k}`, podCidr: `10.${n + 1}.${k}.0/24` })
    }
}

const laptopOf = (broker: Place, west: Place, east: Place): Laptop => ({
  contexts: { broker, west, east },
  hosts: { [BROKER_URL]: broker.server },
  files: new Map(),
})

/** Real API servers; west is the broker too. No broker file yet. */
export function realBed(): () => Bed {
  const at = planes(['west', 'east'])
  let bed: Bed
  beforeAll(async () => {
    const [west, east] = [openPlace(at.west), openPlace(at.east)]
    await nodes(west, east)
    bed = { laptop: laptopOf(at.west, at.west, at.east), broker: west, west, east }
  }, 60_000)
  return () => bed
}

const placeOf = ({ url, ca, server }: Served): Place => ({ server: url, ca, token: server.adminToken })

/** Central API servers; the broker's file is written as `serve-broker --init` does. */
export function centralBed(): () => CentralBed {
  const started: Served[] = []
  let bed: CentralBed
  beforeAll(async () => {
    const broker = await serve({ table: 'broker', admit: memberRule })
    const [west, east] = [await serve(), await serve()]
    started.push(broker, west, east)
    await nodes(west.admin, east.admin)
    const laptop = laptopOf(placeOf(broker), placeOf(west), placeOf(east))
    laptop.files.set(FILE, brokerFileText(await prepareBroker(fakeWorld().context, broker.admin), BROKER_URL))
    bed = { laptop, broker: broker.admin, west: west.admin, east: east.admin, authority: broker.authority }
  }, 60_000)
  afterAll(() => Promise.all(started.map((served) => served.stop())))
  return () => bed
}

const KINDS = [
  'Namespace',
  'CustomResourceDefinition',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'ResourceQuota',
  'DaemonSet',
  'Deployment',
  'Service',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'Node',
  'Cluster',
  'Endpoint',
] as const

/** Every object that an install could touch, by name, with its version: equal where nothing was written. Kinds that are not served count as empty. */
export async function versionsOf(api: KubeApi): Promise<Readonly<Record<string, string>>> {
  const all = await Promise.all(
    KINDS.map((kind) =>
      api.list(kind).then(
        ({ items }) => items as readonly Resource[],
        () => [],
      ),
    ),
  )
  // Controllers of a real control plane write these at their own time.
  const own = all.flat().filter(({ kind, metadata }) => !(kind === 'ServiceAccount' && metadata.name === 'default'))
  return Object.fromEntries(
    own.map(({ kind, metadata }) => [`${kind} ${metadata.namespace ?? ''}/${metadata.name}`, metadata.resourceVersion ?? '']),
  )
}
