// What is written down of a lab or of a bed of clusters, so that another process can use it, end it, or sweep it when its owner has died.
import { randomBytes } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '../../src/system/exec.ts'
import type { SiteLayout } from './layout.ts'
import { isRunning, type ProcessId, processId } from './processes.ts'

export interface SiteState<L extends SiteLayout = SiteLayout> {
  readonly layout: L
  /** Who ends the site; undefined for one that stays until it is taken down by hand. */
  readonly owner: ProcessId | undefined
}
export interface Site<L extends SiteLayout = SiteLayout> extends SiteState<L> {
  /** Everything of the site that is a file: state, logs, data, secrets. */
  readonly folder: string
}

/** Sites of one kind. */
export interface SiteKind<L extends SiteLayout> {
  /** What they are called: `lab`. */
  readonly title: string
  /** Of `scripts/`, that makes one. */
  readonly script: string
  layoutOf(options: L['options'], run: string, third: number): L
}

const rootOf = ({ title }: { readonly title: string }): string => join(tmpdir(), `subctl-${title}s`)
const stateFile = (folder: string): string => join(folder, 'state.json')

/** A folder, a run id and a WAN network of its own for a new site that this process owns until it is kept. */
export async function claimSite<L extends SiteLayout>(kind: SiteKind<L>, options: L['options']): Promise<Site<L>> {
  if (!/^[a-z0-9][a-z0-9-]{0,19}$/.test(options.name)) throw new Error(`"${options.name}" cannot be a ${kind.title}'s name`)
  await mkdir(rootOf(kind), { recursive: true, mode: 0o700 })
  const run = randomBytes(3).toString('hex')
  const folder = join(rootOf(kind), `${options.name}-${run}`)
  const layout = kind.layoutOf(options, run, await claimNetwork(folder))
  await mkdir(folder, { mode: 0o755 })
  const site: Site<L> = { layout, folder, owner: processId(process.pid) }
  await saveSite(site)
  return site
}

export async function saveSite({ folder, layout, owner }: Site): Promise<void> {
  const beside = await mkdtemp(join(folder, '.new-'))
  await writeFile(join(beside, 'state'), JSON.stringify({ layout, owner } satisfies SiteState, undefined, 1))
  await rename(join(beside, 'state'), stateFile(folder))
  await rm(beside, { recursive: true })
}

/** Takes the site from its owner: it then outlives this process. */
export const keepSite = (site: Site): Promise<void> => saveSite({ ...site, owner: undefined })

/** All sites of a kind on the machine, also those whose owner has died. */
export async function listSites<L extends SiteLayout>(kind: SiteKind<L>): Promise<readonly Site<L>[]> {
  const names = await readdir(rootOf(kind)).catch(() => [])
  const sites = await Promise.all(
    names.map(async (name): Promise<Site<L>[]> => {
      const folder = join(rootOf(kind), name)
      const text = await readFile(stateFile(folder), 'utf8').catch(() => undefined)
      return text === undefined ? [] : [{ folder, ...(JSON.parse(text) as SiteState<L>) }]
    }),
  )
  return sites.flat()
}

/** The site of that name. Throws where there is none. */
export async function findSite<L extends SiteLayout>(kind: SiteKind<L>, name: string): Promise<Site<L>> {
  const site = (await listSites(kind)).find(({ layout }) => layout.options.name === name || layout.id === name)
  if (site === undefined) throw new Error(`there is no ${kind.title} "${name}" (${kind.script} up makes one)`)
  return site
}

/** Whether nobody will end this site any more, though nobody asked to keep it. */
export const isOrphan = (site: Site): boolean => site.owner !== undefined && !isRunning(site.owner)

/** WANs in use, by sites of every kind. */
const CLAIMS = join(tmpdir(), 'subctl-networks')
const CLAIM_MS = 60_000

async function claimNetwork(folder: string): Promise<number> {
  await mkdir(CLAIMS, { recursive: true, mode: 0o700 })
  const { stdout } = await exec(['ip', '-j', '-4', 'route', 'show', 'table', 'all'])
  for (let third = 1; third < 255; third += 1) {
    if (stdout.includes(`"172.30.${third}.`)) continue
    const claim = join(CLAIMS, String(third))
    const isOurs = await mkdir(claim).then(
      () => true,
      () => false,
    )
    if (!isOurs) continue
    await writeFile(join(claim, 'site'), folder)
    return third
  }
  throw new Error('no network 172.30.x.0/24 is free for the WAN')
}

/** Gives back the networks of sites that ended before they had written anything down. */
export async function forgetClaims(): Promise<void> {
  for (const name of await readdir(CLAIMS).catch(() => [])) {
    const claim = join(CLAIMS, name)
    const folder = await readFile(join(claim, 'site'), 'utf8').catch(() => '')
    const isUsed = await access(stateFile(folder)).then(
      () => true,
      () => false,
    )
    const made = await stat(claim).catch(() => undefined)
    // One that is just being made is not written down yet.
    if (!isUsed && made !== undefined && Date.now() - made.mtimeMs > CLAIM_MS) await rm(claim, { recursive: true, force: true })
  }
}

/** Removes the folder of a site and gives its network back. */
export async function forgetSite({ folder, layout }: Site): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await rm(join(CLAIMS, layout.wan.cidr.split('.')[2] ?? ''), { recursive: true, force: true })
}
