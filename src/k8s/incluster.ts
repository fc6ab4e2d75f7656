import type { Files } from '../system/files.ts'
import { type Access, fixedAccess } from './access.ts'

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The API of the cluster that this process is a pod of, as its ServiceAccount; undefined where it is in no pod. */
export async function podAccess(env: Readonly<Record<string, string | undefined>>, files: Files): Promise<Access | undefined> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env
  if (host === undefined || host === '' || (await files.readIfThere(`${ACCOUNT}/token`)) === undefined) return undefined
  return fileAccess(
    { server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, token: `${ACCOUNT}/token`, ca: `${ACCOUNT}/ca.crt` },
    files,
  )
}

/** The namespace of the pod that this process is in. */
export const podNamespace = async (files: Files): Promise<string | undefined> => (await files.readIfThere(`${ACCOUNT}/namespace`))?.trim()

export interface FilePaths {
  readonly server: string
  readonly token: string
  /** Default: the authorities that Node brings. */
  readonly ca?: string
  readonly insecure?: boolean
}

/** Access whose token and authority are files. They are read before each request; while a file cannot be read, what it last held counts. */
export function fileAccess(paths: FilePaths, files: Files): Access {
  const token = lastGood(paths.token, files)
  const ca = paths.ca === undefined ? undefined : lastGood(paths.ca, files)
  return {
    ...fixedAccess(paths.server, {}, paths.insecure === undefined ? {} : { insecure: paths.insecure }),
    credentials: async () => ({ token: (await token()).trim(), ...(ca && { ca: await ca() }) }),
  }
}

/** Requests that are made while the file is being read share what is read. */
function lastGood(path: string, files: Files): () => Promise<string> {
  let last: string | undefined
  let reading: Promise<string> | undefined
  const read = async (): Promise<string> => {
    try {
      const text = await files.read(path)
      if (text.trim() !== '') last = text
    } catch (error) {
      if (last === undefined) throw error
    }
    return last ?? ''
  }
  return () => {
    reading ??= read().finally(() => {
      reading = undefined
    })
    return reading
  }
}
