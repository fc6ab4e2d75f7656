// What clients ask before all else: which groups, versions and kinds there are.
import { apiVersion, type KindTable, type Served } from '../kinds/served.ts'
import type { Json } from '../objects/json.ts'

/** The Kubernetes version whose behaviour is served; clients choose what they ask for by it. */
const LIKE = { major: '1', minor: '34' }

import { openapi } from './openapi.ts'

export interface DiscoveryOptions {
  readonly table: KindTable
  /** Of this program. */
  readonly version: string
}

/** The document at a path of discovery; undefined where there is none. */
export function discover(path: string, { table, version }: DiscoveryOptions): Json | undefined {
  const trimmed = path.replace(/\/$/, '')
  if (trimmed === '/version') return versionOf(version)
  if (trimmed === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
  if (trimmed === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(table) }
  if (trimmed.startsWith('/openapi/')) return openapi(trimmed, table)
  const [, root, group, of, more] = trimmed.split('/')
  if (more !== undefined) return undefined
  if (root === 'api' && of === undefined) return resourcesOf(table, '', group ?? '')
  if (root !== 'apis' || group === undefined || group === '') return undefined
  if (of !== undefined) return resourcesOf(table, group, of)
  const found = groupsOf(table).find(({ name }) => name === group)
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...found }
}

const versionOf = (version: string): Json => ({
  ...LIKE,
  gitVersion: `v${LIKE.major}.${LIKE.minor}.0+subctl-${version.replaceAll('+', '-')}`,
  gitCommit: version.split('+')[1] ?? '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'linux/amd64',
})

function groupsOf(table: KindTable): Json[] {
  const names = [...new Set(table.all.map(({ group }) => group))].filter((group) => group !== '')
  return names.map((name) => {
    const versions = [...new Set(table.all.filter(({ group }) => group === name).map(({ version }) => version))]
    const shown = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }))
    return { name, versions: shown, preferredVersion: shown[0] }
  })
}

function resourcesOf(table: KindTable, group: string, version: string): Json | undefined {
  const kinds = table.all.filter((served) => served.group === group && served.version === version)
  const [first] = kinds
  if (first === undefined) return undefined
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion(first), resources: kinds.flatMap(resourceOf) }
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

function resourceOf({ plural, singular, namespaced, kind, shortNames, hasStatus, custom }: Served): Json[] {
  const common = { singularName: singular, namespaced, kind }
  const categories = custom === undefined ? {} : { categories: ['submariner'] }
  const names = shortNames.length > 0 ? { shortNames } : {}
  const main = { name: plural, ...common, verbs: VERBS, ...names, ...categories }
  if (!hasStatus) return [main]
  return [main, { name: `${plural}/status`, ...common, singularName: '', verbs: ['get', 'patch', 'update'] }]
}
