// Whether an object is what clusters share on a broker. That can be on the cluster of a member, in a namespace of any name: there it is a service of nobody.
import { SERVICE_NAME, SOURCE_CLUSTER, SOURCE_NAMESPACE } from './mcs.ts'
import { BROKER_NAMESPACE, CLUSTER_LABEL } from './names.ts'
import type { Meta } from './resources.ts'

/** A ServiceImport that all share has its identity in annotations, one of a single cluster in labels; one that is imported has its name alone (INTEROP 6). */
export const isBrokersImport = ({ namespace, labels, annotations }: Meta): boolean =>
  namespace === BROKER_NAMESPACE ||
  labels?.[SOURCE_CLUSTER] !== undefined ||
  labels?.[CLUSTER_LABEL] !== undefined ||
  annotations?.[SERVICE_NAME] !== undefined

/** An EndpointSlice that is imported is in the namespace of its service. */
export const isBrokersSlice = ({ namespace, labels }: Meta): boolean =>
  namespace === BROKER_NAMESPACE || (labels?.[SOURCE_NAMESPACE] !== undefined && labels[SOURCE_NAMESPACE] !== namespace)

/** Namespaces of brokers whose objects are nobody's services here, whatever they say of themselves: the usual one, and those that settings name. */
export const brokerNamespaces = (...named: readonly (string | undefined)[]): readonly string[] =>
  [...new Set([BROKER_NAMESPACE, ...named.filter((name) => name !== undefined && name !== '')])].map(String).sort()
