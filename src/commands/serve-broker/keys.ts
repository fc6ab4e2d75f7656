// What outlives the database: the key of tokens, the clusterset's key, and the token of the broker file. All of it is secret.
import type { KeptKeys, KeyStore } from '../../apiserver/server.ts'
import { BROKER_FILE, readBrokerInfo } from '../../broker/info.ts'
import { isRecord, parseJson } from '../../k8s/answers.ts'
import { UserError } from '../../model/errors.ts'
import type { Context } from '../context.ts'

const SECRET = 0o600
type World = Pick<Context, 'files'>

/** The keys of tokens, in token.key. Throws a UserError where that file is damaged. */
export async function openTokenKeys({ files }: World, folder: string): Promise<KeyStore> {
  const path = `${folder}/token.key`
  const read = await readFields({ files }, path, ['signing', 'admin'])
  return {
    kept: read && { signing: read.signing ?? '', admin: read.admin ?? '' },
    keep: ({ signing, admin }: KeptKeys) => files.write(path, text({ signing, admin }), SECRET),
  }
}

/** What all members of the clusterset have had from this broker. */
export interface Shared {
  /** base64. */
  readonly psk: string
  /** Of the broker file. */
  readonly token: string
}

const sharedPath = (folder: string): string => `${folder}/clusterset.key`

/** What was kept of it, else what a broker file of this authority says. */
export async function keptShared(
  { files }: World,
  folder: string,
  { file, ca }: { file: string; ca: string },
): Promise<Shared | undefined> {
  const read = await readFields({ files }, sharedPath(folder), ['psk', 'token'])
  if (read !== undefined) return { psk: read.psk ?? '', token: read.token ?? '' }
  for (const path of new Set([file, `${folder}/${BROKER_FILE}`])) {
    const info = infoOf(await files.readIfThere(path))
    if (info?.ca.trim() === ca.trim()) return { psk: info.psk, token: info.token }
  }
  return undefined
}

export async function keepShared({ files }: World, folder: string, { psk, token }: Shared): Promise<void> {
  const wanted = text({ psk, token })
  // A Secret that somebody has emptied is not worth keeping.
  if (isKey(psk) && (await files.readIfThere(sharedPath(folder))) !== wanted) await files.write(sharedPath(folder), wanted, SECRET)
}

const text = (fields: Readonly<Record<string, string>>): string => `${JSON.stringify(fields)}\n`

const isKey = (base64: string): boolean => Buffer.from(base64, 'base64').length >= 16

/** Another file of the name is nothing to go by. */
function infoOf(content: string | undefined): ReturnType<typeof readBrokerInfo> | undefined {
  try {
    return content === undefined ? undefined : readBrokerInfo(content)
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

async function readFields({ files }: World, path: string, names: readonly string[]): Promise<Readonly<Record<string, string>> | undefined> {
  const content = await files.readIfThere(path)
  if (content === undefined) return undefined
  const value = parseJson(content)
  const fields = names.map((name): readonly [string, unknown] => [name, isRecord(value) ? value[name] : undefined])
  const isWhole = fields.every(([, field]) => typeof field === 'string' && isKey(field))
  if (isWhole) return Object.fromEntries(fields.map(([name, field]) => [name, String(field)]))
  throw new UserError('SUB0708', `${path} is damaged`)
}
