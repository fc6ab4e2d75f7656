// Tokens of ServiceAccounts: signed by this server, and good as long as the Secret that carries them and the account are there.
import { hmacSha256, sameSecret } from '../../system/digest.ts'
import { type ApiObject, isRecord, isTexts, type Json, parseStored, recordAt, textAt } from '../objects/json.ts'
import type { Reader } from '../storage/item.ts'
import { ADMIN, accountUser, type User } from './user.ts'

export const TOKEN_TYPE = 'kubernetes.io/service-account-token'
export const ACCOUNT_NAME = 'kubernetes.io/service-account.name'
export const ACCOUNT_UID = 'kubernetes.io/service-account.uid'

/** What the server signs with (base64), shows as its authority (PEM), and takes as the administrator's token. */
export interface Keys {
  readonly signing: string
  readonly ca: string
  readonly admin: string
}

/** The account that a Secret of the token type names; undefined for other Secrets. */
export const accountOf = (secret: ApiObject): string | undefined =>
  secret.type === TOKEN_TYPE ? secret.metadata.annotations?.[ACCOUNT_NAME] : undefined

/** The Secret with the token, the authority and the namespace filled in where it has no token of its account; the same object where it has. */
export function filledSecret(secret: ApiObject, account: ApiObject, keys: Keys): ApiObject {
  const { namespace = '', annotations } = secret.metadata
  const data = isRecord(secret.data) ? secret.data : {}
  const { uid = '' } = account.metadata
  if (typeof data.token === 'string' && data.token !== '' && annotations?.[ACCOUNT_UID] === uid) return secret
  return secretWith(secret, { token: mint(secret, account, keys), uid, namespace }, keys)
}

/** The Secret with the token that its account is to have. */
export function secretWith(secret: ApiObject, { token, uid, namespace }: Carried, keys: Keys): ApiObject {
  const { annotations } = secret.metadata
  const filled = { 'ca.crt': base64(keys.ca), namespace: base64(namespace), token: base64(token) }
  return {
    ...secret,
    metadata: { ...secret.metadata, annotations: { ...annotations, [ACCOUNT_UID]: uid } },
    data: { ...(isRecord(secret.data) ? secret.data : {}), ...filled },
  }
}

interface Carried {
  readonly token: string
  /** Of the account. */
  readonly uid: string
  readonly namespace: string
}

/** The Secret of a token with the authority that the server has now; the same object where it says no other. */
export function currentSecret(secret: ApiObject, keys: Keys): ApiObject {
  const data = isRecord(secret.data) ? secret.data : {}
  const ca = base64(keys.ca)
  if (secret.type !== TOKEN_TYPE || typeof data['ca.crt'] !== 'string' || data['ca.crt'] === ca) return secret
  return { ...secret, data: { ...data, 'ca.crt': ca } }
}

const HEADER = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')
const CLAIM = 'kubernetes.io/serviceaccount/'
/** A claim of our own, for an account that comes back: what was noted at it. */
const ANNOTATIONS = `${CLAIM}service-account.annotations`
const LONGEST_NOTE = 128

const briefOf = ({ metadata: { annotations = {} } }: ApiObject): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(annotations).filter(([key, value]) => key.length + value.length <= LONGEST_NOTE))

function mint(secret: ApiObject, account: ApiObject, keys: Keys): string {
  const { namespace = '', name } = account.metadata
  const claims = {
    iss: 'kubernetes/serviceaccount',
    [`${CLAIM}namespace`]: namespace,
    [`${CLAIM}secret.name`]: secret.metadata.name,
    [`${CLAIM}service-account.name`]: name,
    [`${CLAIM}service-account.uid`]: account.metadata.uid,
    [ANNOTATIONS]: briefOf(account),
    sub: accountUser(namespace, name).name,
    jti: crypto.randomUUID(),
  }
  const signed = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${signed}.${hmacSha256(keys.signing, signed)}`
}

/** What a token of ours says of its bearer. */
export interface Bearer {
  readonly namespace: string
  readonly account: string
  /** Of the account. */
  readonly uid: string
  /** Name of the Secret that carries it. */
  readonly secret: string
  /** Of the account, when the token was made: the short ones. */
  readonly annotations: Readonly<Record<string, string>>
}

/** Whose token it is; undefined where it is not, or no longer, good. */
export function userOfToken(token: string, keys: Keys, reader: Reader): User | undefined {
  if (sameSecret(token, keys.admin)) return ADMIN
  const bearer = bearerOf(token, keys)
  if (bearer === undefined) return undefined
  const { namespace, uid } = bearer
  const account = reader.get('ServiceAccount', namespace, bearer.account)
  const secret = reader.get('Secret', namespace, bearer.secret)
  if (account === undefined || secret === undefined) return undefined
  if (parseStored(account.text).metadata.uid !== uid) return undefined
  const held = textAt(recordAt(parseStored(secret.text), 'data'), 'token')
  return sameSecret(held, base64(token)) ? accountUser(namespace, account.name) : undefined
}

/** What the token says, where this server's key has signed it; whether it is still good is not looked at. */
export function bearerOf(token: string, keys: Keys): Bearer | undefined {
  const claims = claimsOf(token, keys)
  if (claims === undefined) return undefined
  const claim = (name: string): string => textAt(claims, `${CLAIM}${name}`)
  return {
    namespace: claim('namespace'),
    account: claim('service-account.name'),
    uid: claim('service-account.uid'),
    secret: claim('secret.name'),
    annotations: isTexts(claims[ANNOTATIONS]) ? claims[ANNOTATIONS] : {},
  }
}

function claimsOf(token: string, keys: Keys): Json | undefined {
  const [header, body, signature, more] = token.split('.')
  if (header !== HEADER || body === undefined || signature === undefined || more !== undefined) return undefined
  if (!sameSecret(signature, hmacSha256(keys.signing, `${header}.${body}`))) return undefined
  const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'))
  return isRecord(claims) ? claims : undefined
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64')
