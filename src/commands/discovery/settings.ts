import { isLabel } from '../../model/names.ts'
import { truth } from '../agent/settings.ts'
import { type Given, usage } from '../cli/given.ts'
import { allowedNamespaces } from '../cli/namespaces.ts'
import type { DiscoverySettings } from './world.ts'

/** Throws usage errors. */
export function discoverySettings(given: Given): DiscoverySettings {
  const clusterId = label(given, 'cluster-id')
  if (truth(given, 'globalnet')) throw usage('--globalnet is true: Globalnet is not supported', 'globalnet')
  return {
    clusterId,
    namespace: label(given, 'namespace'),
    brokerNamespace: label(given, 'broker-namespace'),
    allowed: new Set(allowedNamespaces(given)),
    isLocalFirst: given.need('balance') === 'local-first',
    leaseTermMs: (given.number('lease-duration', 0, 300) || 3) * 1000,
  }
}

function label(given: Given, flag: string): string {
  const text = given.need(flag)
  if (isLabel(text)) return text
  throw usage(`--${flag} is "${text}"; it must be a DNS label of at most 63 characters`, flag)
}
