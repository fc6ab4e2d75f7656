// What is served: a table, chosen at the start. A kind more is a row in model/kinds.ts and, where it is no plain kind, one here.
import { KINDS, type Kind, type KindInfo } from '../../model/kinds.ts'
import { type CustomKind, customKind } from './custom.ts'

export const TABLES = ['broker', 'cluster'] as const
/** `broker`: what members share and what their rights need. `cluster`: everything in model/kinds.ts, to stand in for a cluster's API. */
export type TableName = (typeof TABLES)[number]

export interface Served extends KindInfo {
  readonly kind: Kind
  readonly listKind: string
  readonly singular: string
  readonly shortNames: readonly string[]
  /** Whether the status is written by its own subresource alone. */
  readonly hasStatus: boolean
  /** Lists that a strategic merge patch replaces whole, as a merge patch does; `*` stands for any key. */
  readonly wholeLists: readonly string[]
  /** Where the kind is defined by a CustomResourceDefinition: its rules, as far as they are known. */
  readonly custom: CustomKind | undefined
}
export interface KindTable {
  readonly name: TableName
  readonly all: readonly Served[]
  of(kind: string): Served | undefined
  at(group: string, version: string, plural: string): Served | undefined
}

const BROKER_KINDS: readonly Kind[] = [
  'Cluster',
  'Endpoint',
  'Gateway',
  'ServiceExport',
  'ServiceImport',
  'EndpointSlice',
  'Namespace',
  'Secret',
  'ServiceAccount',
  'ConfigMap',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
]

interface Extra {
  readonly shortNames?: readonly string[]
  readonly hasStatus?: boolean
  readonly wholeLists?: readonly string[]
}
const EXTRAS: Partial<Record<Kind, Extra>> = {
  Namespace: { shortNames: ['ns'], hasStatus: true },
  Node: { shortNames: ['no'], hasStatus: true, wholeLists: ['spec.taints'] },
  Pod: { shortNames: ['po'], hasStatus: true },
  Service: { shortNames: ['svc'], hasStatus: true },
  ConfigMap: { shortNames: ['cm'] },
  ServiceAccount: { shortNames: ['sa'] },
  Event: { shortNames: ['ev'] },
  DaemonSet: { shortNames: ['ds'], hasStatus: true },
  Deployment: { shortNames: ['deploy'], hasStatus: true },
  ServiceCIDR: { hasStatus: true, wholeLists: ['spec.cidrs'] },
  EndpointSlice: { wholeLists: ['endpoints', 'ports'] },
  Role: { wholeLists: ['rules'] },
  ClusterRole: { wholeLists: ['rules'] },
  RoleBinding: { wholeLists: ['subjects'] },
  ClusterRoleBinding: { wholeLists: ['subjects'] },
  CustomResourceDefinition: { shortNames: ['crd', 'crds'], hasStatus: true, wholeLists: ['spec.versions', 'spec.names.*'] },
  ValidatingAdmissionPolicy: { hasStatus: true },
  ServiceExport: { shortNames: ['svcex'], hasStatus: true },
  ServiceImport: { shortNames: ['svcim'], hasStatus: true },
}

export function openTable(name: TableName): KindTable {
  const kinds = name === 'broker' ? BROKER_KINDS : (Object.keys(KINDS) as Kind[])
  const all = kinds.map(servedKind)
  const byKind = new Map<string, Served>(all.map((served) => [served.kind, served]))
  const byPath = new Map(all.map((served) => [pathKey(served.group, served.version, served.plural), served]))
  return {
    name,
    all,
    of: (kind) => byKind.get(kind),
    at: (group, version, plural) => byPath.get(pathKey(group, version, plural)),
  }
}

const pathKey = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`

function servedKind(kind: Kind): Served {
  const { shortNames = [], hasStatus = false, wholeLists = [] } = EXTRAS[kind] ?? {}
  const common = { kind, listKind: `${kind}List`, singular: kind.toLowerCase(), shortNames, hasStatus, wholeLists }
  return { ...KINDS[kind], ...common, custom: customKind(kind) }
}

/** Name of the resource in messages, such as `endpoints.submariner.io`. */
export const resourceOf = ({ plural, group }: Pick<Served, 'plural' | 'group'>): string => (group === '' ? plural : `${plural}.${group}`)
/** Such as `Endpoint.submariner.io`. */
export const qualified = ({ kind, group }: Pick<Served, 'kind' | 'group'>): string => (group === '' ? kind : `${kind}.${group}`)
export const apiVersion = ({ group, version }: Pick<Served, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`
