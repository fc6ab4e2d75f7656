// The folder of a central API server: its database, its authority, and a kubeconfig for its administrator. All of it is a secret.

import { stringify } from 'yaml'
import { type KeyPair, makeAuthority } from '../../apiserver/tls/certificates.ts'
import { isRecord, parseJson } from '../../k8s/answers.ts'
import { UserError } from '../../model/errors.ts'
import { tlsFault } from '../../system/http.ts'
import type { Context } from '../context.ts'
import { type HostPort, hostPortText } from './place.ts'

const SECRET = 0o600
type World = Pick<Context, 'files' | 'clock'>

export const authorityFiles = (folder: string): { readonly cert: string; readonly key: string } => ({
  cert: `${folder}/ca.crt`,
  key: `${folder}/ca.key`,
})

/** The authority in the folder, made where there is none, or half of one that no data rest on: the making was broken off. Throws a UserError where a half of it is missing or damaged. */
export async function openAuthority({ files, clock }: World, folder: string): Promise<KeyPair> {
  const paths = authorityFiles(folder)
  const cert = await files.readIfThere(paths.cert)
  const key = await files.readIfThere(paths.key)
  const names = await files.list(folder)
  const hasData = names.includes('broker.db') || names.includes('token.key')
  const isNew = cert === undefined && (key === undefined || !hasData)
  if (isNew) {
    const made = await makeAuthority(clock.now())
    // The key first: a certificate without its key cannot be mended.
    await files.write(paths.key, made.key, SECRET)
    await files.write(paths.cert, made.cert, SECRET)
    return made
  }
  if (cert === undefined || key === undefined)
    throw new UserError('SUB0707', `${cert === undefined ? paths.cert : paths.key} is missing, but the other half is there`)
  const fault = tlsFault({ cert, key })
  if (fault !== undefined) throw new UserError('SUB0707', `${paths.cert} and ${paths.key} are no certificate with its key: ${fault}`)
  return { cert, key }
}

/** Path of the database. The file is there afterwards, for this user alone; SQLite takes an empty one as new. */
export async function openDatabaseFile({ files }: World, folder: string): Promise<string> {
  const path = `${folder}/broker.db`
  if (!(await files.list(folder)).includes('broker.db')) await files.write(path, '', SECRET)
  return path
}

export interface AdminAccess {
  readonly server: string
  readonly ca: string
  readonly token: string
}

/** Writes the administrator's kubeconfig where it differs. Returns its path. */
export async function writeKubeconfig({ files }: World, folder: string, access: AdminAccess): Promise<string> {
  const path = `${folder}/admin.kubeconfig`
  const text = kubeconfigText(access)
  if ((await files.readIfThere(path)) !== text) await files.write(path, text, SECRET)
  return path
}

const kubeconfigText = ({ server, ca, token }: AdminAccess): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'broker', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'broker', context: { cluster: 'broker', user: 'admin' } }],
    'current-context': 'broker',
  })

/** Where --init was told to listen, and to say that it is; a later start does the same unless it is told otherwise. */
export interface Place {
  readonly listen: string
  readonly advertise: readonly string[]
}

const placePath = (folder: string): string => `${folder}/place.json`

export async function rememberedPlace({ files }: World, folder: string): Promise<Place | undefined> {
  const text = await files.readIfThere(placePath(folder))
  if (text === undefined) return undefined
  const value = parseJson(text)
  const { listen, advertise } = isRecord(value) ? value : {}
  if (typeof listen === 'string' && Array.isArray(advertise)) return { listen, advertise: advertise.map(String) }
  throw new UserError('SUB0704', `${placePath(folder)} is damaged`, { hint: 'Remove it, and give --listen and --advertise again.' })
}

export async function rememberPlace(
  { files }: World,
  folder: string,
  place: { listen: HostPort; advertise: readonly HostPort[] },
): Promise<void> {
  const text = `${JSON.stringify({ listen: hostPortText(place.listen), advertise: place.advertise.map(hostPortText) })}\n`
  if ((await files.readIfThere(placePath(folder))) !== text) await files.write(placePath(folder), text, SECRET)
}
