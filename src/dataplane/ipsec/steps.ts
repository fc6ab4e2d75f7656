// Steps of a plan as requests to charon.
import type { EspMode } from './charon-conf.ts'
import { connectionMessage } from './connection.ts'
import type { CharonLink } from './link.ts'
import type { Step } from './plan.ts'
import { ViciError } from './vici.ts'

/** Takes the steps in order; one line each. */
export async function takeSteps(link: CharonLink, steps: readonly Step[], esp: EspMode): Promise<readonly string[]> {
  const lines: string[] = []
  for (const step of steps) lines.push(await take(link, step, esp))
  return lines
}

async function take(link: CharonLink, step: Step, esp: EspMode): Promise<string> {
  switch (step.what) {
    case 'load':
      await link.request('load-conn', connectionMessage(step.connection, esp))
      return `${step.connection.name}: loaded`
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
