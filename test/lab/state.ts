// What is written down of a lab, so that another process can use it, end it, or sweep it when its owner has died.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '../../src/system/exec.ts'
import { type LabOptions, type Layout, layoutOf } from './layout.ts'
import { isRunning, type ProcessId, processId } from './processes.ts'

export interface LabState {
  readonly layout: Layout
  /** Who ends the lab; undefined for one that stays until `scripts/lab down`. */
  readonly owner: ProcessId | undefined
}
export interface Lab extends LabState {
  /** Everything of the lab that is a file: state, logs, data, secrets. */
  readonly folder: string
}

const ROOT = join(tmpdir(), 'subctl-labs')
const stateFile = (folder: string): string => join(folder, 'state.json')

/** A folder, a run id and a WAN network of its own for a new lab that this process owns until it is kept. */
export async function claimLab(options: LabOptions): Promise<Lab> {
  if (!/^[a-z0-9][a-z0-9-]{0,19}$/.test(options.name)) throw new Error(`"${options.name}" cannot be a lab's name`)
  await mkdir(ROOT, { recursive: true, mode: 0o700 })
  const run = randomBytes(3).toString('hex')
  const layout = layoutOf(options, run, await claimNetwork(`${options.name}-${run}`))
  const folder = join(ROOT, layout.id)
  await mkdir(folder, { mode: 0o755 })
  const lab: Lab = { layout, folder, owner: processId(process.pid) }
  await saveLab(lab)
  return lab
}

export async function saveLab({ folder, layout, owner }: Lab): Promise<void> {
  const beside = await mkdtemp(join(folder, '.new-'))
  await writeFile(join(beside, 'state'), JSON.stringify({ layout, owner } satisfies LabState, undefined, 1))
  await rename(join(beside, 'state'), stateFile(folder))
  await rm(beside, { recursive: true })
}

/** Takes the lab from its owner: it then outlives this process. */
export const keepLab = (lab: Lab): Promise<void> => saveLab({ ...lab, owner: undefined })

/** All labs on the machine, also those whose owner has died. */
export async function listLabs(): Promise<readonly Lab[]> {
  const names = await readdir(ROOT).catch(() => [])
  const labs = await Promise.all(
    names
      .filter((name) => !name.startsWith(NETWORK))
      .map(async (name): Promise<Lab[]> => {
        const folder = join(ROOT, name)
        const text = await readFile(stateFile(folder), 'utf8').catch(() => undefined)
        return text === undefined ? [] : [{ folder, ...(JSON.parse(text) as LabState) }]
      }),
  )
  return labs.flat()
}

/** The lab of that name. Throws where there is none. */
export async function findLab(name: string): Promise<Lab> {
  const lab = (await listLabs()).find(({ layout }) => layout.options.name === name || layout.id === name)
  if (lab === undefined) throw new Error(`there is no lab "${name}" (scripts/lab up makes one)`)
  return lab
}

/** Whether nobody will end this lab any more, though nobody asked to keep it. */
export const isOrphan = (lab: Lab): boolean => lab.owner !== undefined && !isRunning(lab.owner)

const NETWORK = 'network-'
const CLAIM_MS = 60_000

async function claimNetwork(id: string): Promise<number> {
  const { stdout } = await exec(['ip', '-j', '-4', 'route', 'show', 'table', 'all'])
  for (let third = 1; third < 255; third += 1) {
    if (stdout.includes(`"172.30.${third}.`)) continue
    const claim = join(ROOT, `${NETWORK}${third}`)
    const isOurs = await mkdir(claim).then(
      () => true,
      () => false,
    )
    if (!isOurs) continue
    await writeFile(join(claim, 'lab'), id)
    return third
  }
  throw new Error('no network 172.30.x.0/24 is free for the WAN')
}

/** Gives back the networks of labs that ended before they had written anything down. */
export async function forgetClaims(): Promise<void> {
  const ids = new Set((await listLabs()).map(({ layout }) => layout.id))
  const names = await readdir(ROOT).catch(() => [])
  for (const name of names.filter((one) => one.startsWith(NETWORK))) {
    const claim = join(ROOT, name)
    const id = await readFile(join(claim, 'lab'), 'utf8').catch(() => '')
    const made = await stat(claim).catch(() => undefined)
    // One that is just being made is not written down yet.
    if (!ids.has(id) && made !== undefined && Date.now() - made.mtimeMs > CLAIM_MS) await rm(claim, { recursive: true, force: true })
  }
}

/** Removes the folder of a lab and gives its network back. */
export async function forgetLab(lab: Lab): Promise<void> {
  const third = lab.layout.wan.cidr.split('.')[2]
  await rm(lab.folder, { recursive: true, force: true })
  await rm(join(ROOT, `${NETWORK}${third}`), { recursive: true, force: true })
}
