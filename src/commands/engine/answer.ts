// Answers `verify`, which asks by an annotation of the Gateway object whether this gateway could lead: its daemon is asked first.
import { PROBE_ANSWER, PROBE_REQUEST, readProbeRequest, writeProbeRequest } from '../../model/probe.ts'
import type { Gateway } from '../../model/resources.ts'
import type { CableLoop } from './cables.ts'

/**
 * Told of this gateway's object as it is in the API, gives the annotations of the answer that is still to be written; undefined while there is none.
 * A daemon that hangs keeps the answer back; one that refuses shows in the object's status.
 */
export function openAnswer(cables: CableLoop): (seen: Gateway | undefined) => Readonly<Record<string, string>> | undefined {
  let asked: { readonly id: string; readonly passes: number } | undefined
  return (seen) => {
    const annotations = seen?.metadata.annotations
    const id = readProbeRequest(annotations?.[PROBE_REQUEST])
    if (id === undefined || readProbeRequest(annotations?.[PROBE_ANSWER]) === id) {
      asked = undefined
      return undefined
    }
    if (asked?.id !== id) {
      asked = { id, passes: cables.passes }
      cables.kick()
    }
    const hasAnswered = cables.passes > asked.passes || cables.failingSince !== undefined
    return hasAnswered ? { [PROBE_ANSWER]: writeProbeRequest(id) } : undefined
  }
}
