// Where this cluster's API server is in truth: a pod knows it by a Service's address, but what no other cluster may claim is what stands behind it.

import type { KubeApi } from '../../k8s/api.ts'
import { messageOf } from '../../model/errors.ts'
import type { Ip } from '../../model/net.ts'
import { ipOrNone } from '../../model/net.ts'
import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../system/log.ts'
import { runLoop } from '../../system/loop.ts'

export interface ApiAddresses {
  /** As last heard; none where they may not be read. */
  all(): readonly Ip[]
  /** Settles after the first answer, whatever it was, or with the signal. */
  readonly ready: Promise<void>
  readonly ended: Promise<void>
}
export interface ApiAddressesOptions {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  readonly onChange: () => void
}

const RESYNC_MS = 60_000

/** Reads the addresses behind the Service `kubernetes` from time to time. */
export function openApiAddresses(api: KubeApi, { clock, log, signal, onChange }: ApiAddressesOptions): ApiAddresses {
  const first = Promise.withResolvers<void>()
  let known: readonly Ip[] = []
  let complaint = ''
  const pass = async (): Promise<void> => {
    try {
      const { items } = await api.list('EndpointSlice', { namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } })
      const found = [...new Set(items.flatMap(addressesOf))].sort()
      const isNew = found.join() !== known.join()
      known = found
      complaint = ''
      if (isNew) onChange()
    } catch (error) {
      if (messageOf(error) !== complaint && !signal.aborted)
        log.warn('the addresses of the API server cannot be read: another cluster could claim them', { error: messageOf(error) })
      complaint = messageOf(error)
    } finally {
      first.resolve()
    }
  }
  const { ended } = runLoop(pass, {
    name: 'api-addresses',
    clock,
    log,
    signal,
    resyncMs: RESYNC_MS,
    backoff: { firstMs: 500, mostMs: 5_000 },
  })
  signal.addEventListener('abort', () => first.resolve(), { once: true })
  return { all: () => known, ready: first.promise, ended }
}

function addressesOf(slice: object): readonly Ip[] {
  const endpoints = 'endpoints' in slice && Array.isArray(slice.endpoints) ? slice.endpoints : []
  return endpoints.flatMap((endpoint: unknown) => {
    const addresses: unknown = typeof endpoint === 'object' && endpoint !== null && 'addresses' in endpoint ? endpoint.addresses : []
    return Array.isArray(addresses) ? addresses.flatMap((address) => ipOrNone(String(address))) : []
  })
}
