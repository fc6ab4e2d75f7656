// Steps of a plan as requests to charon.
import { messageOf } from '../../model/errors.ts'
import type { EspMode } from './charon-conf.ts'
import type { CharonLink } from './link.ts'
import { connectionMessage } from './message.ts'
import type { Step } from './plan.ts'
import { ViciError } from './vici.ts'

/** What charon refused of one connection: the others go on. */
export type OnRefusal = (connection: string, why: string) => void

/** Takes the steps in order; one line each. */
export async function takeSteps(link: CharonLink, steps: readonly Step[], esp: EspMode, onRefusal: OnRefusal): Promise<readonly string[]> {
  const lines: string[] = []
  for (const step of steps) lines.push(await take(link, step, esp, onRefusal))
  return lines
}

async function take(link: CharonLink, step: Step, esp: EspMode, onRefusal: OnRefusal): Promise<string> {
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
    case 'end':
      return await endSa(link, step.id, `${step.name}: ${step.why}`)
    case 'endChild':
      await endIfThere(link, { 'child-id': step.id, timeout: '-1' })
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

/** Ends an IKE SA and its children at once, whether its peer answers or not. */
export async function endSa(link: CharonLink, id: string, why: string): Promise<string> {
  await endIfThere(link, { 'ike-id': id, force: 'yes', timeout: '-1' })
  return `SA ended, ${why}`
}

/** What has ended in between is as wanted. */
async function endIfThere(link: CharonLink, which: Readonly<Record<string, string>>): Promise<void> {
  await link.request('terminate', which).catch((error: unknown) => {
    if (!(error instanceof ViciError) || !/no matching SAs|failed|not all/.test(error.message)) throw error
  })
}
