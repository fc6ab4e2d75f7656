// Keys, certificates, tokens and kubeconfigs of a control plane and of the nodes that belong to it.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type KeyPair, makeAuthority, makeServerCertificate } from '../../src/apiserver/tls/certificates.ts'
import { makeClientCertificate } from './client-certificate.ts'

export interface PlaneNode {
  readonly name: string
  readonly ip: string
}
/** What is asked of a control plane's files; see ControlPlaneOptions. */
export interface PlaneFileOptions {
  readonly folder: string
  readonly address?: string
  readonly names?: readonly string[]
  readonly nodes?: readonly PlaneNode[]
  readonly podSecurity?: string
}
/** Programs of a cluster that come with a kubeconfig of their own, NAME.kubeconfig. */
export const NODE_USERS = ['kube-scheduler', 'kube-proxy', 'flannel', 'kube-router'] as const

interface User {
  /** Of its kubeconfig. */
  readonly file: string
  readonly name: string
  readonly group: string
  readonly token: string
}
const HOST = [
  '127.0.0.1',
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
]

/** Writes them. Answers with what an administrator needs. */
export async function writePlaneFiles(options: PlaneFileOptions, server: string) {
  const { folder, address = '127.0.0.1', names = [], nodes, podSecurity } = options
  const authority = await makeAuthority(Date.now())
  const { cert, key } = await makeServerCertificate(authority, [...new Set([address, ...HOST, ...names])], Date.now())
  const ca = authority.cert
  const admin = user('admin', 'system:masters', 'kubeconfig')
  const users = [admin, ...(nodes === undefined ? [] : usersOf(nodes))]
  const texts: Readonly<Record<string, string>> = {
    'ca.crt': ca,
    'server.crt': cert,
    'server.key': key,
    'accounts.key': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    'tokens.csv': users.map(({ token, name, group }) => `${token},${name},${name},"${group}"\n`).join(''),
    ...Object.fromEntries(users.map(({ file, token }) => [file, kubeconfig(server, ca, token)])),
    ...(nodes && (await kubeletTexts(authority, nodes))),
    ...(podSecurity !== undefined && { 'admission.json': admission(podSecurity) }),
  }
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text, { mode: 0o600 })
  return { ca, token: admin.token, kubeconfig: join(folder, 'kubeconfig') }
}

const user = (name: string, group: string, file: string): User => ({ name, group, file, token: randomBytes(24).toString('base64url') })

const usersOf = (nodes: readonly PlaneNode[]): readonly User[] => [
  ...NODE_USERS.map((name) => user(`system:${name}`, 'system:authenticated', `${name}.kubeconfig`)),
  ...nodes.map(({ name }) => user(`system:node:${name}`, 'system:nodes', `${name}.kubeconfig`)),
]

/** How kubelets show who they are, and how the API server does to them. */
async function kubeletTexts(authority: KeyPair, nodes: readonly PlaneNode[]): Promise<Readonly<Record<string, string>>> {
  const client = await makeClientCertificate(authority, 'CN=kube-apiserver,O=system:masters')
  const pairs: (readonly [string, KeyPair])[] = [['kubelet-client', client]]
  for (const { name, ip } of nodes) pairs.push([name, await makeServerCertificate(authority, [name, ip], Date.now())])
  return Object.fromEntries(
    pairs.flatMap(([name, { cert, key }]) => [
      [`${name}.crt`, cert],
      [`${name}.key`, key],
    ]),
  )
}

const admission = (level: string): string =>
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: [
      {
        name: 'PodSecurity',
        configuration: {
          apiVersion: 'pod-security.admission.config.k8s.io/v1',
          kind: 'PodSecurityConfiguration',
          defaults: { enforce: level, 'enforce-version': 'latest' },
          exemptions: { namespaces: ['kube-system'] },
        },
      },
    ],
  })

function kubeconfig(server: string, ca: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  })
}
