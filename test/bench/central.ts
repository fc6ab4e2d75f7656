// A central API server on loopback, by itself.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Access, fixedAccess } from '../../src/k8s/access.ts'
import { openApi } from '../../src/k8s/client.ts'
import { isRunning, type ProcessId, signal, startDaemon, waitEnded } from '../lab/processes.ts'
import { SUBCTL } from '../lab/subctl.ts'

export interface CentralServer extends AsyncDisposable {
  readonly process: ProcessId
  /** As its administrator. */
  readonly access: Access
}

/** Starts `subctl serve-broker` in a new folder; it is ended, and the folder removed, at the end of the scope. */
export async function openCentral(kinds: 'broker' | 'cluster' = 'broker'): Promise<CentralServer> {
  const folder = await mkdtemp(join(tmpdir(), 'subctl-bench-'))
  const at = `127.0.0.1:${await freePort()}`
  const log = join(folder, 'log')
  const process_ = startDaemon([SUBCTL, 'serve-broker', '--kinds', kinds, '--data', folder, '--listen', at, '--advertise', at], log, {
    PATH: '/usr/bin:/bin',
  })
  const end = async (): Promise<void> => {
    signal(process_, 'SIGTERM')
    await waitEnded(process_)
    await rm(folder, { recursive: true })
  }
  try {
    return { process: process_, access: await ready(process_, folder, at), [Symbol.asyncDispose]: end }
  } catch (error) {
    console.error(await readFile(log, 'utf8'))
    await end()
    throw error
  }
}

async function ready(process_: ProcessId, folder: string, at: string): Promise<Access> {
  for (const until = Date.now() + 60_000; Date.now() < until && isRunning(process_); await wait(20)) {
    const [kubeconfig, ca] = await Promise.all(
      ['admin.kubeconfig', 'ca.crt'].map((name) => readFile(join(folder, name), 'utf8').catch(() => '')),
    )
    const token = /^\s*(?:- )?token: *(\S+)$/m.exec(kubeconfig ?? '')?.[1]
    if (token === undefined || ca === undefined) continue
    const access = fixedAccess(`https://${at}`, { ca, token })
    const isReady = await openApi(access, { timeoutMs: 2000 })
      .raw('/readyz')
      .then(
        () => true,
        () => false,
      )
    if (isReady) return access
  }
  throw new Error('subctl serve-broker does not get ready')
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((settle) => server.once('listening', settle))
  const address = server.address()
  await new Promise((settle) => server.close(settle))
  return typeof address === 'object' && address !== null ? address.port : 0
}
