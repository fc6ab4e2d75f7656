// The server's own authority, and certificates that it signs. Keys are ECDSA over P-256; texts are PEM.
import 'reflect-metadata'

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** A certificate and its key. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 24 * 3_600_000
const AUTHORITY_MS = 3650 * DAY_MS
/** How long a server's certificate is good. It is made anew at every start, and long before its end. */
export const SERVER_CERTIFICATE_MS = 365 * DAY_MS
// Clocks of members may be behind.
const EARLY_MS = DAY_MS

/** A new authority, for ten years. */
export async function makeAuthority(now: number): Promise<KeyPair> {
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=subctl serve-broker ${serialNumber().slice(0, 8)}`,
    notBefore: new Date(now - EARLY_MS),
    notAfter: new Date(now + AUTHORITY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pem(certificate), key: await privatePem(keys) }
}

/** A certificate for a server of these names and addresses, signed by the authority. Throws where the authority's texts are no certificate and key. */
export async function makeServerCertificate(authority: KeyPair, names: readonly string[], now: number): Promise<KeyPair> {
  const issuer = new X509Certificate(authority.cert)
  const signingKey = await crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(authority.key), ALGORITHM, false, ['sign'])
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=subctl serve-broker',
    issuer: issuer.subject,
    notBefore: new Date(now - EARLY_MS),
    notAfter: new Date(Math.min(now + SERVER_CERTIFICATE_MS, issuer.notAfter.getTime())),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: isAddress(value) ? 'ip' : 'dns', value }))),
      await AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pem(certificate), key: await privatePem(keys) }
}

const newKeys = () => crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
const pem = (certificate: X509Certificate): string => `${certificate.toString('pem')}\n`
const privatePem = async ({ privateKey }: Awaited<ReturnType<typeof newKeys>>): Promise<string> =>
  `${PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), PemConverter.PrivateKeyTag)}\n`

/** A positive number of 15 bytes, in hex. */
const serialNumber = (): string => `01${Buffer.from(crypto.getRandomValues(new Uint8Array(15))).toString('hex')}`
const isAddress = (name: string): boolean => /^[\d.]+$/.test(name) || name.includes(':')
