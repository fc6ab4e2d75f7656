// The programs that keep running in a lab, each by a key such as `west-gw1.engine`: written down, so that any process can end or restart them.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { argvIn } from './places.ts'
import { isRunning, type ProcessId, signal, startDaemon, waitEnded } from './processes.ts'
import type { Site } from './sites.ts'

export interface DaemonSpec {
  readonly place: string
  readonly argv: readonly string[]
  /** All of its environment but PATH. */
  readonly env: Readonly<Record<string, string>>
  /** See argvIn. */
  readonly secrets?: string
}
export interface Daemon {
  readonly key: string
  readonly spec: DaemonSpec
  readonly process: ProcessId
}

const folderOf = (lab: Site): string => join(lab.folder, 'daemons')
const fileOf = (lab: Site, key: string): string => join(folderOf(lab), `${key}.json`)
export const logOf = (lab: Site, key: string): string => join(lab.folder, 'logs', `${key}.log`)

/** Starts a program, or starts it again; its output is added to its log. */
export async function startAs(lab: Site, key: string, spec: DaemonSpec): Promise<Daemon> {
  const old = await daemonOf(lab, key)
  if (old !== undefined && isRunning(old.process)) throw new Error(`${key} runs already, as process ${old.process.pid}`)
  await mkdir(join(lab.folder, 'logs'), { recursive: true })
  const env = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', ...spec.env }
  return note(lab, { key, spec, process: startDaemon(argvIn(lab, spec.place, spec.argv, spec.secrets), logOf(lab, key), env) })
}

async function note(lab: Site, daemon: Daemon): Promise<Daemon> {
  await mkdir(folderOf(lab), { recursive: true })
  await writeFile(fileOf(lab, daemon.key), JSON.stringify(daemon))
  return daemon
}

/** Takes over a program that was started in a place by other means, so that it can be started again. */
export async function adopt(lab: Site, key: string, place: string, process_: ProcessId): Promise<Daemon> {
  const argv = (await readFile(`/proc/${process_.pid}/cmdline`, 'utf8')).split('\0').slice(0, -1)
  return note(lab, { key, spec: { place, argv, env: {} }, process: process_ })
}

/** What was started by that key last; undefined where nothing was. */
export async function daemonOf(lab: Site, key: string): Promise<Daemon | undefined> {
  const text = await readFile(fileOf(lab, key), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Daemon)
}

export async function listDaemons(lab: Site): Promise<readonly Daemon[]> {
  const names = await readdir(folderOf(lab)).catch(() => [])
  const all = await Promise.all(names.sort().map((name) => daemonOf(lab, name.replace(/\.json$/, ''))))
  return all.filter((daemon) => daemon !== undefined)
}

/** Sends a signal and waits for the end. What does not run is left as it is. */
export async function endDaemon(lab: Site, key: string, name: NodeJS.Signals): Promise<void> {
  const daemon = await daemonOf(lab, key)
  if (daemon === undefined) throw new Error(`${key} was never started`)
  signal(daemon.process, name)
  await waitEnded(daemon.process)
}

/** Starts a program again as it was started before. */
export async function startAgain(lab: Site, key: string): Promise<Daemon> {
  const old = await daemonOf(lab, key)
  if (old === undefined) throw new Error(`${key} was never started`)
  return startAs(lab, key, old.spec)
}

/** The ends of all logs, for an error message: those of the places named, or of all. */
export async function logTails(lab: Site, places?: readonly string[], lines = 25): Promise<string> {
  const daemons = (await listDaemons(lab)).filter(({ key, spec }) => !key.endsWith('.echo') && (places?.includes(spec.place) ?? true))
  const tails = daemons.map(async ({ key, process: id }) => {
    const text = await readFile(logOf(lab, key), 'utf8').catch(() => '')
    const last = text.trimEnd().split('\n').slice(-lines).join('\n')
    return `--- ${key}${isRunning(id) ? '' : ' (has ended)'}\n${last}`
  })
  return (await Promise.all(tails)).join('\n')
}
