// The broker file, broker-info.subm: one base64 text over JSON, with upstream's irregular keys. It is a password: mode 0600, never logged.
import { array, boolean, maxLength, nullish, object, regex, safeParse, string } from 'zod/mini'
import { UserError } from '../model/errors.ts'
import { BROKER_NAMESPACE, PSK_SECRET } from '../model/names.ts'

export const BROKER_FILE = 'broker-info.subm'
export const BROKER_FILE_MODE = 0o600
/** The broker's ServiceAccount whose token the file carries, and the Secret that it comes from. */
export const ADMIN_ACCOUNT = 'submariner-k8s-broker-admin'
export const PSK_BYTES = 48
/** What a broker of ours is for, in upstream's words: its own `join` goes by them. */
export const BROKER_COMPONENTS = ['connectivity', 'service-discovery'] as const

/** What a cluster needs to join. */
export interface BrokerInfo {
  /** `https://host:port`, with a path where the API has one in front. */
  readonly brokerUrl: string
  readonly namespace: string
  /** A bearer token with the rights to let clusters join. */
  readonly token: string
  /** PEM; "" where the server's certificate is publicly trusted. */
  readonly ca: string
  /** base64 of the raw key. */
  readonly psk: string
  readonly components: readonly string[]
  readonly customDomains: readonly string[]
}

const MOST_TEXT = 1024 * 1024
const base64 = () => string('is missing').check(maxLength(MOST_TEXT, 'is too long'), regex(/^[A-Za-z0-9+/_-]*={0,2}$/, 'is not base64'))
const secret = (keys: Readonly<Record<string, ReturnType<typeof base64>>>) => object({ data: object(keys, 'is missing') }, 'is missing')
const names = (pattern: RegExp) =>
  nullish(array(string('must be text').check(regex(pattern, 'is not a name')), 'must be a list').check(maxLength(100, 'is too long')))

/** Keys in lower case: upstream writes some with capitals, by mistake, and reads any case. */
const Info = object({
  brokerurl: string('is missing').check(maxLength(2048, 'is too long')),
  clienttoken: secret({ token: base64(), 'ca.crt': base64(), namespace: base64() }),
  ipsecpsk: secret({ psk: base64() }),
  servicediscovery: nullish(boolean('must be true or false')),
  components: names(/^[a-z][a-z0-9-]{0,62}$/),
  customdomains: names(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i),
})

/** The file's text; ends with a newline. */
export function writeBrokerInfo(info: BrokerInfo): string {
  const data = { token: encode(info.token), 'ca.crt': encode(info.ca), namespace: encode(info.namespace) }
  const json = {
    brokerURL: info.brokerUrl,
    ClientToken: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `${ADMIN_ACCOUNT}-token`, namespace: info.namespace },
      type: 'kubernetes.io/service-account-token',
      data,
    },
    IPSecPSK: { apiVersion: 'v1', kind: 'Secret', metadata: { name: PSK_SECRET }, data: { psk: info.psk } },
    ServiceDiscovery: info.components.includes('service-discovery'),
    ...(info.components.length > 0 && { Components: [...info.components].sort() }),
    CustomDomains: info.customDomains.length > 0 ? info.customDomains : null,
  }
  const standard = encode(JSON.stringify(json))
  return `${standard.replaceAll('+', '-').replaceAll('/', '_')}\n`
}

/** Reads the text of a broker file, ours or upstream's. Throws a UserError that names the field, never its value. */
export function readBrokerInfo(text: string): BrokerInfo {
  const parsed = safeParse(Info, lowerKeys(parseFile(text)))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw damaged(
      `${KEYS[String(issue?.path[0])] ?? 'a field'}${
        issue?.path
          .slice(1)
          .map((step) => `.${String(step)}`)
          .join('') ?? ''
      }`,
      issue?.message ?? 'is not understood',
    )
  }
  const { brokerurl, clienttoken, ipsecpsk, servicediscovery, components, customdomains } = parsed.data
  return {
    brokerUrl: checkUrl(brokerurl),
    namespace: checkNamespace(decode(clienttoken.data.namespace ?? '').trim()),
    token: checkToken(decode(clienttoken.data.token ?? '').trim()),
    ca: checkCa(decode(clienttoken.data['ca.crt'] ?? '')),
    psk: checkPsk(ipsecpsk.data.psk ?? ''),
    components: components ?? (servicediscovery === true ? ['connectivity', 'service-discovery'] : ['connectivity']),
    customDomains: customdomains ?? [],
  }
}

const KEYS: Readonly<Record<string, string>> = {
  brokerurl: 'brokerURL',
  clienttoken: 'ClientToken',
  ipsecpsk: 'IPSecPSK',
  servicediscovery: 'ServiceDiscovery',
  components: 'Components',
  customdomains: 'CustomDomains',
}
const damaged = (field: string, reason: string): UserError => new UserError('SUB0302', `The broker file is damaged: ${field} ${reason}`)

function parseFile(text: string): unknown {
  const body = text.replaceAll(/\s/g, '')
  if (body.length > MOST_TEXT || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(body))
    throw new UserError('SUB0301', 'This is no broker file: it is not one base64 text')
  try {
    return JSON.parse(decode(body))
  } catch {
    throw new UserError('SUB0301', 'This is no broker file: its content is not JSON')
  }
}

const lowerKeys = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toLowerCase(), item]))
    : value

function checkUrl(text: string): string {
  const full = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`
  const url = URL.canParse(full) ? new URL(full) : undefined
  if (url === undefined || url.protocol !== 'https:' || url.username !== '' || url.search !== '' || url.hash !== '')
    throw damaged('brokerURL', 'is not an https:// address')
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function checkNamespace(text: string): string {
  if (text === '') return BROKER_NAMESPACE
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) throw damaged('ClientToken.data.namespace', 'is not a namespace')
  return text
}

/** Whether a text may be a bearer token. */
export const isToken = (text: string): boolean => /^[\x21-\x7e]{8,}$/.test(text)
/** Whether a text is certificates in PEM, or empty: then public authorities count. */
export const isAuthority = (text: string): boolean =>
  text.trim() === '' || /^(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$/.test(text.trim())

function checkToken(text: string): string {
  if (!isToken(text)) throw damaged('ClientToken.data.token', 'is not a token')
  return text
}

function checkCa(text: string): string {
  if (!isAuthority(text)) throw damaged('ClientToken.data.ca.crt', 'is not a certificate in PEM')
  return text.trim() === '' ? '' : `${text.trim()}\n`
}

function checkPsk(text: string): string {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length < 16) throw damaged('IPSecPSK.data.psk', 'is shorter than 16 bytes')
  return bytes.toString('base64')
}

const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64')
/** Both alphabets of base64, with or without padding. */
const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8')
