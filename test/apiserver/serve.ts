// A central API server in this process, for tests: on a port of its own on 127.0.0.1, its data in memory unless a path is given.
import { type Admission, admitAll } from '../../src/apiserver/access/admission.ts'
import type { TableName } from '../../src/apiserver/kinds/served.ts'
import type { Limits } from '../../src/apiserver/limits.ts'
import { type ApiServer, startServer } from '../../src/apiserver/server.ts'
import { type KeyPair, makeAuthority } from '../../src/apiserver/tls/certificates.ts'
import { fixedAccess } from '../../src/k8s/access.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { openApi } from '../../src/k8s/client.ts'
import { realClock } from '../../src/system/clock.ts'
import { type Log, silentLog } from '../../src/system/log.ts'

export interface ServeOptions {
  /** Default: cluster, which has all kinds. */
  readonly table?: TableName
  /** Default: in memory. */
  readonly database?: string
  readonly admit?: Admission
  readonly limits?: Partial<Limits>
  /** Default: any free one. */
  readonly port?: number
  readonly log?: Log
  /** To come back as the same server. Default: a new one. */
  readonly authority?: KeyPair
}
export interface Served {
  readonly url: string
  /** PEM of the authority that clients trust. */
  readonly ca: string
  readonly authority: KeyPair
  readonly server: ApiServer
  /** The API with the rights of an administrator. */
  readonly admin: KubeApi
  /** The API as the bearer of the token; without one as nobody. */
  as(token?: string): KubeApi
  stop(): Promise<void>
}

/** Starts one; stop() it at the end of the test. */
export async function serve(options: ServeOptions = {}): Promise<Served> {
  const { table = 'cluster', database = ':memory:', admit = admitAll, limits = {}, port = 0, log = silentLog } = options
  const authority = options.authority ?? (await makeAuthority(Date.now()))
  const server = await startServer({
    ...{ table, database, authority, admit, limits, log },
    listen: { host: '127.0.0.1', port },
    names: ['127.0.0.1', 'localhost'],
    clock: realClock,
    version: '0.0.0+test',
  })
  const url = `https://127.0.0.1:${server.port}`
  const as = (token?: string): KubeApi => openApi(fixedAccess(url, { ca: authority.cert, ...(token !== undefined && { token }) }))
  return { url, ca: authority.cert, authority, server, admin: as(server.adminToken), as, stop: () => server.close() }
}
