// A node that the project leaves: everything of ours goes, by its mark, whichever version put it there.
import { codeOf } from '../../model/errors.ts'
import type { OpenLocalSocket } from '../../system/unix-socket.ts'
import { dropDevice } from '../ipsec/daemon/device.ts'
import { sweepLeftovers } from '../ipsec/daemon/leftovers.ts'
import { connectVici } from '../ipsec/vici/vici.ts'
import { NOTHING } from '../node/state.ts'
import { openNode } from './node-target.ts'
import { openOwnedAddresses } from './owned.ts'
import type { NodeOptions } from './read.ts'
import { attempt } from './steps.ts'

export interface CleanOptions extends NodeOptions {
  readonly openSocket: OpenLocalSocket
}

/**
 * Takes away all that any agent has put into this node's kernel or run directory: the route agent's, an engine's and a charon's. Tries everything, then
 * throws the first failure: the run directory, which says what sysctls were, stays then. Needs no API. Returns a line for each change.
 */
export async function cleanNode(options: CleanOptions): Promise<readonly string[]> {
  const kernel = await attempt([
    () => openNode(options).reconcile(NOTHING),
    () => openOwnedAddresses(options.exec).reconcile([]),
    () => sweepLeftovers(options.exec),
    async () => ((await dropDevice(options.exec)) ? ['the XFRM interface removed'] : []),
  ])
  return [...kernel, ...(await emptyRunDir(options))]
}

/** Files of a charon that is still there are its own. The folder itself goes unless it is a mount, as in an agent's pod. */
async function emptyRunDir({ files, runDir, openSocket }: CleanOptions): Promise<readonly string[]> {
  const names = await files.list(runDir)
  if (names.includes('charon.vici') && (await isAnswering(`${runDir}/charon.vici`, openSocket))) return []
  for (const name of names) await files.remove(`${runDir}/${name}`)
  await files.remove(runDir).catch((error: unknown) => {
    if (codeOf(error) !== 'EBUSY') throw error
  })
  return names.map((name) => `${runDir}/${name} removed`)
}

async function isAnswering(path: string, openSocket: OpenLocalSocket): Promise<boolean> {
  try {
    using vici = await connectVici({ path, openSocket, timeoutMs: 3_000 })
    await vici.request('version')
    return true
  } catch {
    return false
  }
}
