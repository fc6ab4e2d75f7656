// One round of a pass: some of the services that are marked are planned, then their plans are carried out side by side.
import type { ServiceText } from '../../discovery/copies/copies.ts'
import { isEmptyDown, withdraws } from '../../discovery/down/plan.ts'
import { type Known, type Plan, planOf, together } from '../../discovery/plan.ts'
import type { OwnExport } from '../../discovery/up/export.ts'
import { isEmptyUp } from '../../discovery/up/plan.ts'
import { ApiError } from '../../k8s/api.ts'
import { isHolder } from '../../k8s/holder.ts'
import { messageOf } from '../../model/errors.ts'
import type { Cluster } from '../../model/resources.ts'
import { stillHasUs } from './around.ts'
import { openGate } from './gate.ts'
import { type Around, type Leader, leaseOf } from './leader.ts'
import type { Written } from './marks.ts'
import { conditionsOf, fatesOf } from './report.ts'
import { expectBroker, expectHere, type Side, writeDown, writeStatus, writeUp } from './write.ts'

/** So few that what is urgent never waits long for the rest. */
const MOST_PLANNED = 64
/** Calls of one API under way at once. */
const AT_ONCE = 16
/** Lines of a round that are logged one by one. */
const MOST_SAID = 20

interface Task {
  /** They are planned together. */
  readonly services: readonly ServiceText[]
  readonly plan: Plan
  readonly said: readonly OwnExport['wish'][]
}

/** Gives how many services it has looked at. Those that were written are noted in `written`. */
export async function round(leader: Leader, own: Cluster, around: Around, written: Written): Promise<number> {
  const services = leader.marks.take(MOST_PLANNED, written.enough)
  try {
    const open = await confirmed(leader, own, around, services)
    for (const { services: ones } of open)
      for (const service of ones) {
        leader.unsettled.add(service)
        written.add(service)
      }
    await carryOut(leader, open)
  } catch (error) {
    for (const service of services) leader.unsettled.add(service)
    throw error
  }
  return services.length
}

const isEmpty = ({ plan: { up, down }, said }: Task): boolean =>
  (up === undefined || isEmptyUp(up)) && isEmptyDown(down) && said.length === 0

/** What is to be done for the services. */
async function confirmed(
  leader: Leader,
  own: Cluster,
  { known, obstacle, trouble }: Around,
  services: readonly ServiceText[],
): Promise<readonly Task[]> {
  const tasks = tasksOf(leader, { known, obstacle, trouble }, services)
  const isLess = tasks.some(({ plan }) => withdraws(plan.down, known.clusterId))
  if (known.isFrozen || !isLess || (await stillHasUs(leader, own))) return tasks
  return tasksOf(leader, { known: { ...known, isFrozen: true }, obstacle, trouble }, services)
}

interface Circumstances {
  readonly known: Known
  readonly obstacle: string | undefined
  readonly trouble: string | undefined
}
/** Those that have something to do; plans that change nothing are let go one by one, since most of thousands are such. */
function tasksOf(leader: Leader, { known, ...reasons }: Circumstances, services: readonly ServiceText[]): readonly Task[] {
  const { world, stores, tally, unsettled, hindered } = leader
  const planned = new Set<ServiceText>()
  return services.flatMap((service) => {
    if (planned.has(service)) return []
    const group = together(stores.copies, known, service)
    const plan = planOf(stores.copies, known, group)
    for (const one of group) {
      planned.add(one)
      unsettled.delete(one)
    }
    for (const [one, fate] of fatesOf(plan, group)) tally.set(one, fate)
    const task = { services: group, plan, said: conditionsOf(world, { ...plan, ...reasons }) }
    if (!isEmpty(task)) return [task]
    for (const one of group) hindered.delete(one)
    return []
  })
}

/** Some tasks were not carried out wholly: those of `leader.failing`. The others were. */
export class TasksFailed extends Error {
  override readonly name = 'TasksFailed'
}

/** Both sides at once, so that a broker that is away holds up nothing at home; then the first failure is thrown, and which services failed is noted. */
async function carryOut(leader: Leader, tasks: readonly Task[]): Promise<void> {
  const { world, stores, signal, hold } = leader
  const { local, broker, log, clock, settings } = world
  if (tasks.length === 0) return
  const age = { heldAtMs: hold.atMs, nowMs: clock.now(), termMs: settings.leaseTermMs }
  if (!(await isHolder(local, leaseOf(world), age)) || signal.aborted)
    throw new Error('the lease is not this agent’s now: nothing is written')
  let count = 0
  const say = (side: string) => (line: string) => {
    count += 1
    if (count <= MOST_SAID) log.info(line, { side })
  }
  const here: Side = { api: local, gate: openGate(AT_ONCE), say: say('here'), expect: expectHere(stores.copies) }
  const there: Side | undefined = broker && {
    api: broker,
    gate: openGate(AT_ONCE),
    say: say('broker'),
    expect: expectBroker(stores.copies),
  }
  const done = await Promise.all(
    tasks.map(async ({ services, plan, said }) => {
      const results = await Promise.allSettled([
        writeDown(here, plan.down),
        ...said.map((one) => writeStatus(here, one)),
        ...(plan.up === undefined || there === undefined ? [] : [writeUp(there, plan.up)]),
      ])
      return { services, errors: results.map((result) => (result.status === 'rejected' ? result.reason : undefined)) }
    }),
  )
  if (count > MOST_SAID) log.info('and more like these', { count: count - MOST_SAID })
  const failed = done.filter(({ errors }) => errors.some((error) => error !== undefined))
  for (const { services, errors } of done) note(leader.hindered, services, errors[0])
  leader.failing = new Set(failed.flatMap(({ services }) => services))
  const first = failed.flatMap(({ errors }) => errors).find((error) => error !== undefined)
  if (first !== undefined) throw new TasksFailed(messageOf(first), { cause: first })
}

/** Notes what this cluster's API refuses a service, until it is written. */
function note(hindered: Leader['hindered'], services: readonly ServiceText[], error: unknown): void {
  const cause = error instanceof Error ? error.cause : undefined
  const isRefusal = cause instanceof ApiError && cause.code >= 400 && cause.code < 500 && cause.code !== 401 && cause.code !== 429
  for (const service of services)
    if (isRefusal) hindered.set(service, messageOf(error))
    else if (error === undefined) hindered.delete(service)
}
