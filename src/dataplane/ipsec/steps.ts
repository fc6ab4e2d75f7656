// Steps of a plan as requests to charon.
import { messageOf } from '../../model/errors.ts'
import type { Clock } from '../../system/clock.ts'
import type { EspMode } from './daemon/charon-conf.ts'
import type { EndStep, Step } from './step.ts'
import type { CharonLink } from './vici/link.ts'
import { connectionMessage } from './vici/message.ts'
import { ViciError } from './vici/vici.ts'

/** What charon refused of one connection: the others go on. */
export type OnRefusal = (connection: string, why: string) => void

export interface Stepping {
  readonly link: CharonLink
  readonly clock: Clock
  readonly esp: EspMode
  readonly onRefusal: OnRefusal
}

/** Takes the steps in order, but ends SAs of one kind together; one line each. */
export async function takeSteps(stepping: Stepping, steps: readonly Step[]): Promise<readonly string[]> {
  const lines: string[] = []
  for (const step of steps) {
    if (step.what !== 'end') lines.push(await take(stepping, step))
    else if (steps[steps.indexOf(step) - 1]?.what !== 'end') lines.push(...(await endSas(stepping, endsFrom(steps, step))))
  }
  return lines
}

function endsFrom(steps: readonly Step[], first: EndStep): EndStep[] {
  const ends: EndStep[] = []
  for (const step of steps.slice(steps.indexOf(first))) {
    if (step.what !== 'end') break
    ends.push(step)
  }
  return ends
}

async function take({ link, esp, onRefusal }: Stepping, step: Exclude<Step, EndStep>): Promise<string> {
  switch (step.what) {
    case 'load': {
      const { name } = step.connection
      const why = await refusal(link, () => link.request('load-conn', connectionMessage(step.connection, esp)))
      if (why !== undefined) onRefusal(name, why)
      return why === undefined ? `${name}: loaded` : `${name}: not loaded, ${why}`
    }
    case 'unload':
      await link.request('unload-conn', { name: step.name })
      return `${step.name}: removed`
    case 'endChild':
      await endIfThere(link, { 'child-id': step.id })
      return `${step.name}: SA ended, ${step.why}`
  }
}

/** Why charon did not do it; undefined where it did. Other errors, such as a charon that has gone, are thrown. */
export async function refusal(link: CharonLink, work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if ((error instanceof ViciError && link.isOpen) || error instanceof RangeError) return messageOf(error)
    throw error
  }
}

const POLL_MS = 20
const POLLS = 10

/**
 * Ends IKE SAs and their children. The peers are told, which charon does only when nothing else is under way; what is left after 200 ms, because
 * its peer does not answer, goes without.
 */
async function endSas({ link, clock }: Stepping, ends: readonly EndStep[]): Promise<readonly string[]> {
  for (const { id } of ends) await endIfThere(link, { 'ike-id': id })
  const left = async (): Promise<readonly string[]> => {
    const there = new Set((await link.sas()).map(({ id }) => id))
    return ends.map(({ id }) => id).filter((id) => there.has(id))
  }
  let ids = ends.length === 0 ? [] : await left()
  for (let i = 0; i < POLLS && ids.length > 0; i += 1) {
    await clock.sleep(POLL_MS)
    ids = await left()
  }
  for (const id of ids) await endIfThere(link, { 'ike-id': id, force: 'yes' })
  return ends.map(({ name, why }) => `${name}: SA ended, ${why}`)
}

/** What has ended in between is as wanted. */
async function endIfThere(link: CharonLink, which: Readonly<Record<string, string>>): Promise<void> {
  await link.request('terminate', { ...which, timeout: '-1' }).catch((error: unknown) => {
    if (!(error instanceof ViciError) || !/no matching SAs|failed|not all/.test(error.message)) throw error
  })
}
