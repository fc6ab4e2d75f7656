// The one memory: settings of devices as they were found are written down before the first change, and put back.
import type { Files } from '../../system/files.ts'
import type { Sysctl } from '../node/state.ts'
import { VX_DEVICE } from '../node/state.ts'
import { isJson, jsonOf, wordOf } from './words.ts'

interface Kept {
  readonly found: string
  readonly put: string
}
export interface SysctlPlan {
  readonly file: string
  readonly kept: ReadonlyMap<string, Kept>
  readonly changes: readonly { readonly path: string; readonly value: string }[]
  /** What stands in the file after the changes. */
  readonly keep: ReadonlyMap<string, Kept>
}

const pathOf = (device: string, name: string): string => `/proc/sys/net/ipv4/conf/${device}/${name}`
export const MEMORY = 'sysctls.json'

/** What is to be changed, on the devices that are there. */
export async function planSysctls(
  files: Files,
  runDir: string,
  desired: readonly Sysctl[],
  devices: ReadonlySet<string>,
): Promise<SysctlPlan> {
  const file = `${runDir}/${MEMORY}`
  const kept = parseMemory(await files.readIfThere(file))
  const keep = new Map<string, Kept>()
  const changes: { path: string; value: string }[] = []
  const all = desired.some(({ when }) => when === 'strict') ? await read(files, pathOf('all', 'rp_filter')) : undefined
  const wanted = new Set<string>()
  for (const { device, name, value, when } of desired) {
    const path = pathOf(device, name)
    const actual = devices.has(device) ? await read(files, path) : undefined
    const before = kept.get(path)
    const isLeft = when === 'strict' && before === undefined && Math.max(Number(all), Number(actual)) !== 1
    if (isLeft) continue
    wanted.add(path)
    if (before !== undefined) keep.set(path, before)
    if (actual === undefined || actual === value) continue
    changes.push({ path, value })
    // What stands on our own device goes with it.
    if (device !== VX_DEVICE) keep.set(path, { found: before?.found ?? actual, put: value })
  }
  for (const [path, { found, put }] of kept) {
    if (wanted.has(path)) continue
    const actual = await read(files, path)
    if (actual === put && actual !== found) changes.push({ path, value: found })
  }
  return { file, kept, changes, keep }
}

/** Writes down what was found, then changes. */
export async function applySysctls(files: Files, { file, kept, changes, keep }: SysctlPlan): Promise<readonly string[]> {
  const during = new Map([...kept, ...keep])
  if (textOf(during) !== textOf(kept)) await files.write(file, textOf(during), 0o600)
  for (const { path, value } of changes) await files.overwrite(path, value)
  if (keep.size === 0) {
    if (kept.size > 0 || during.size > 0) await files.remove(file)
  } else if (textOf(keep) !== textOf(during)) await files.write(file, textOf(keep), 0o600)
  return changes.map(({ path, value }) => `${path.slice('/proc/sys/'.length)} set to ${value}`)
}

/** The values that were found before the first change and would be put back, by path: where the setting still is what was put. */
export async function keptSysctls(files: Files, runDir: string): Promise<ReadonlyMap<string, string>> {
  const { changes } = await planSysctls(files, runDir, [], new Set())
  return new Map(changes.map(({ path, value }) => [path, value]))
}

const read = async (files: Files, path: string): Promise<string | undefined> => (await files.readIfThere(path))?.trim()
const textOf = (kept: ReadonlyMap<string, Kept>): string => `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`

function parseMemory(text: string | undefined): ReadonlyMap<string, Kept> {
  const json = parse(text)
  if (!isJson(json)) return new Map()
  return new Map(
    Object.keys(json).flatMap((path) => {
      const [found, put] = [wordOf(jsonOf(json, path), 'found'), wordOf(jsonOf(json, path), 'put')]
      const isSafe = /^\/proc\/sys\/net\/ipv4\/conf\/[^/]+\/(forwarding|rp_filter)$/.test(path)
      return found === undefined || put === undefined || !isSafe ? [] : [[path, { found, put }] as const]
    }),
  )
}
function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
