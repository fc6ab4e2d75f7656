import { parse } from 'yaml'
import clusters from '../../../manifests/crds/clusters.yaml'
import endpoints from '../../../manifests/crds/endpoints.yaml'
import gateways from '../../../manifests/crds/gateways.yaml'
import routeAgents from '../../../manifests/crds/routeagents.yaml'
import serviceExports from '../../../manifests/mcs/serviceexports.yaml'
import serviceImports from '../../../manifests/mcs/serviceimports.yaml'
import type { Kind } from '../../model/kinds.ts'
import { isRecord, type Json, listOf, recordAt, textAt } from '../objects/json.ts'

/** What a CustomResourceDefinition says of its kind. */
export interface CustomKind {
  /** A structural schema; undefined where the kind is taken as it comes. */
  readonly schema: Json | undefined
  readonly columns: readonly Column[]
}
/** A column of `kubectl get`. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly description: string
  /** Columns of another priority than 0 are for `-o wide`. */
  readonly priority: number
  readonly jsonPath: string
}

const MANIFESTS: Partial<Record<Kind, string>> = {
  Cluster: clusters,
  Endpoint: endpoints,
  Gateway: gateways,
  RouteAgent: routeAgents,
  ServiceExport: serviceExports,
  ServiceImport: serviceImports,
}
const WITHOUT_SCHEMA: readonly Kind[] = ['IPPool', 'Network']

/** Undefined for kinds that are built in. */
export function customKind(kind: Kind): CustomKind | undefined {
  const text = MANIFESTS[kind]
  if (text === undefined) return WITHOUT_SCHEMA.includes(kind) ? { schema: undefined, columns: [] } : undefined
  const crd: unknown = parse(text)
  const version = listOf(isRecord(crd) ? recordAt(crd, 'spec').versions : []).find(isRecord) ?? {}
  return {
    schema: recordAt(recordAt(version, 'schema'), 'openAPIV3Schema'),
    columns: listOf(version.additionalPrinterColumns).filter(isRecord).map(columnOf),
  }
}

const columnOf = (column: Json): Column => ({
  name: textAt(column, 'name'),
  type: textAt(column, 'type'),
  description: textAt(column, 'description'),
  priority: typeof column.priority === 'number' ? column.priority : 0,
  jsonPath: textAt(column, 'jsonPath'),
})
