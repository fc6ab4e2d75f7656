// The one setting of the machine that a bed changes while there is one: each kubelet takes 6 inotify instances of the 128 that root has.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SETTING = '/proc/sys/fs/inotify/max_user_instances'
const WANTED = 8192
/** What it was before the first bed. */
const KEPT = join(tmpdir(), 'subctl-bed-inotify')

/** Raises it, and remembers what it was. */
export async function raiseLimits(): Promise<void> {
  const found = (await readFile(SETTING, 'utf8')).trim()
  if (Number(found) >= WANTED) return
  await writeFile(KEPT, found)
  await writeFile(SETTING, String(WANTED))
}

/** Sets it back; for when the last bed has gone. */
export async function restoreLimits(): Promise<void> {
  const kept = await readFile(KEPT, 'utf8').catch(() => undefined)
  if (kept === undefined) return
  await writeFile(SETTING, kept)
  await rm(KEPT, { force: true })
}
