// The lab's own way to its APIs: as their administrator.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fixedAccess } from '../../src/k8s/access.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { openApi } from '../../src/k8s/client.ts'
import { clusterOf } from './layout.ts'
import type { Site } from './sites.ts'

/** PEM, and a token that may do everything. */
export interface Admin {
  readonly server: string
  readonly ca: string
  readonly token: string
}

export const apiFolder = (lab: Site, name: string): string => join(lab.folder, 'apis', name)
/** All APIs of the lab: one a cluster, and the broker's where it has one of its own. */
export const apiNames = ({ layout }: Site): readonly string[] => [
  ...layout.clusters.map(({ name }) => name),
  ...(layout.options.broker === 'central' ? ['broker'] : []),
]
/** The place that an API runs in. */
export const apiPlace = (name: string): string => (name === 'broker' ? 'broker' : `${name}-api`)
export const apiIp = ({ layout }: Site, name: string): string => (name === 'broker' ? layout.broker.ip : clusterOf(layout, name).api.ip)
export const kubeconfigOf = (lab: Site): string => join(lab.folder, 'kubeconfig')

export const brokerFile = (lab: Site): string => join(lab.folder, 'broker-info.subm')

export const saveAdmin = (lab: Site, name: string, admin: Admin): Promise<void> =>
  writeFile(join(apiFolder(lab, name), 'admin.json'), JSON.stringify(admin), { mode: 0o600 })

export const adminOf = async (lab: Site, name: string): Promise<Admin> =>
  JSON.parse(await readFile(join(apiFolder(lab, name), 'admin.json'), 'utf8')) as Admin

/** The API of a cluster, or of the broker. */
export async function apiOf(lab: Site, name: string): Promise<KubeApi> {
  const { server, ca, token } = await adminOf(lab, name === 'broker' ? brokerName(lab) : name)
  return openApi(fixedAccess(server, { ca, token }))
}

/** Whose API is the broker's. */
export const brokerName = ({ layout }: Site): string =>
  layout.options.broker === 'central' ? 'broker' : (layout.clusters[0]?.name ?? 'broker')

/** A kubeconfig with a context for each cluster and `broker`; the first cluster's is the current one. */
export async function writeKubeconfig(lab: Site): Promise<void> {
  const names = apiNames(lab)
  const admins = await Promise.all(names.map(async (name) => ({ name, ...(await adminOf(lab, name)) })))
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': names[0],
    clusters: admins.map(({ name, server, ca }) => ({
      name,
      cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
    })),
    users: admins.map(({ name, token }) => ({ name, user: { token } })),
    contexts: [...new Set([...names, 'broker'])].map((name) => {
      const to = name === 'broker' ? brokerName(lab) : name
      return { name, context: { cluster: to, user: to } }
    }),
  }
  await writeFile(kubeconfigOf(lab), `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 })
}

/** Waits until the server of a cluster, or of the broker, says that it is ready. */
export const untilReady = async (lab: Site, name: string): Promise<void> => untilAnswering((await apiOf(lab, name)).within(2000))

export async function untilAnswering(api: KubeApi, limitMs = 120_000): Promise<void> {
  for (const until = Date.now() + limitMs; ; await wait(50)) {
    try {
      await api.raw('/readyz')
      return
    } catch (error) {
      if (Date.now() > until) throw error
    }
  }
}
