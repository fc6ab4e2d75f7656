// A certificate by which a client shows who it is.
import 'reflect-metadata'

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  PublicKey,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { KeyPair } from '../../src/apiserver/tls/certificates.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const YEAR_MS = 365 * 24 * 3_600_000

/** One of that subject, signed by the authority. */
export async function makeClientCertificate(authority: KeyPair, subject: string): Promise<KeyPair> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = await X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject,
    issuer: new X509Certificate(authority.cert).subject,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + YEAR_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: new PublicKey(publicKey.export({ type: 'spki', format: 'der' })),
    signingKey: await crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(authority.key), ALGORITHM, false, ['sign']),
    extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
  })
  return { cert: `${certificate.toString('pem')}\n`, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}
