// A real Kubernetes API: etcd, kube-apiserver and, where tokens are to be made, kube-controller-manager. No nodes.
import { accessSync, constants, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { execa } from 'execa'
import { isRunning, type ProcessId, signal, startDaemon, waitEnded } from '../lab/processes.ts'
import { type PlaneNode, writePlaneFiles } from './plane-files.ts'

export interface ControlPlaneOptions {
  /** Where keys, data and logs go: an empty folder, or one to be made. Removing it is the caller's. */
  readonly folder: string
  /** What the path of each log begins with. Default: the folder. */
  readonly logs?: string
  /** In front of each program, such as `ip netns exec NAME`. Ports are 6443 and 2379 then: a namespace has them to itself. */
  readonly prefix?: readonly string[]
  /** Where the API listens, and what its kubeconfig says. Default: 127.0.0.1. */
  readonly address?: string
  /** Default: a free one. */
  readonly port?: number
  /** What the endpoints of the Service `kubernetes` say; never a loopback address. Default: the address, or one of documentation. */
  readonly advertise?: string
  /** Names and addresses that the certificate holds besides. */
  readonly names?: readonly string[]
  /** Default: 100.64.0.0/16. */
  readonly serviceCidr?: string
  /** Controllers to run; none: no controller manager. Default: what makes accounts, tokens and removes namespaces. */
  readonly controllers?: readonly string[]
  /** Where nodes are to come: the control plane gives each a network of /24 out of this one, and speaks to their kubelets. */
  readonly podCidr?: string
  /** The nodes to come. A kubeconfig of each and NODE.crt, NODE.key of its kubelet are written to the folder, and those of NODE_USERS. */
  readonly nodes?: readonly PlaneNode[]
  /** Pod security level of every namespace that does not say another, but kube-system. Default: privileged, as everywhere. */
  readonly podSecurity?: 'restricted'
  /** Whether the programs outlive this process. Default: they die with it, however it ends. */
  readonly daemon?: boolean
}

export interface ControlPlane {
  readonly server: string
  /** PEM. */
  readonly ca: string
  /** Bearer token of system:masters. */
  readonly token: string
  /** A file. */
  readonly kubeconfig: string
  readonly processes: readonly ProcessId[]
  stop(): Promise<void>
}

export const TOKEN_CONTROLLERS = ['serviceaccount-token-controller', 'serviceaccount-controller', 'namespace-controller'] as const
const LIMIT_MS = 120_000
const SERVICE_CIDR = '100.64.0.0/16'

export const kubeFolder = (): string =>
  join(process.env.SUBCTL_CACHE ?? join(homedir(), '.cache', 'subctl'), 'kube', process.env.SUBCTL_KUBE_VERSION ?? 'v1.34.4')
export const kubeProgram = (name: string): string => join(kubeFolder(), name)

/** Why no control plane can be started here; undefined where one can. */
export function controlPlaneMissing(): string | undefined {
  const missing = ['kube-apiserver', 'kube-controller-manager', 'kubectl'].filter((name) => !isProgram(kubeProgram(name)))
  if (missing.length > 0) return `${missing.join(', ')} not in ${kubeFolder()}: run scripts/kube-build (needs Go)`
  const path = (process.env.PATH ?? '').split(delimiter)
  return path.some((folder) => isProgram(join(folder, 'etcd'))) ? undefined : 'there is no etcd: run scripts/setup lab'
}

/** Starts a control plane and waits until it is ready. What was started is stopped again where it does not get there. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { folder, prefix = [], address = '127.0.0.1', controllers = TOKEN_CONTROLLERS } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const own = prefix.length > 0
  const port = options.port ?? (own ? 6443 : await freePort(address))
  const etcdPort = own ? 2379 : await freePort('127.0.0.1')
  const server = `https://${address}:${port}`
  const files = await writePlaneFiles(options, server)
  const processes: ProcessId[] = []
  const logOf = (name: string): string => `${options.logs ?? join(folder, '/')}${name}.log`
  const start = (name: string, argv: readonly string[]): ProcessId => {
    const leash = options.daemon === true ? [] : ['setpriv', '--pdeathsig', 'KILL']
    const started = startDaemon([...leash, ...prefix, ...argv], logOf(name))
    processes.push(started)
    return started
  }
  const stop = async (): Promise<void> => {
    // Nothing of it is kept, so none needs its time.
    for (const started of processes) signal(started, 'SIGKILL')
    await Promise.all(processes.map((started) => waitEnded(started)))
  }
  try {
    start('etcd', etcdArgs(folder, etcdPort))
    const apiserver = start('kube-apiserver', apiserverArgs(options, { address, port, etcdPort }))
    await untilReady(prefix, files.kubeconfig, apiserver, logOf('kube-apiserver'))
    if (controllers.length > 0) start('kube-controller-manager', controllerArgs(options, controllers))
    return { server, ...files, processes, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const etcdArgs = (folder: string, port: number): readonly string[] => [
  'etcd',
  `--data-dir=${join(folder, 'etcd')}`,
  `--listen-client-urls=http://127.0.0.1:${port}`,
  `--advertise-client-urls=http://127.0.0.1:${port}`,
  '--listen-peer-urls=http://127.0.0.1:0',
  '--logger=zap',
  '--log-level=warn',
  '--unsafe-no-fsync',
]

function apiserverArgs(options: ControlPlaneOptions, at: { address: string; port: number; etcdPort: number }): readonly string[] {
  const { folder } = options
  const isLoopback = at.address.startsWith('127.')
  return [
    kubeProgram('kube-apiserver'),
    `--etcd-servers=http://127.0.0.1:${at.etcdPort}`,
    `--bind-address=${at.address}`,
    `--secure-port=${at.port}`,
    `--advertise-address=${options.advertise ?? (isLoopback ? '192.0.2.1' : at.address)}`,
    `--tls-cert-file=${join(folder, 'server.crt')}`,
    `--tls-private-key-file=${join(folder, 'server.key')}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${join(folder, 'accounts.key')}`,
    `--service-account-signing-key-file=${join(folder, 'accounts.key')}`,
    `--service-cluster-ip-range=${options.serviceCidr ?? SERVICE_CIDR}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    '--profiling=false',
    '--shutdown-delay-duration=0s',
    ...(options.nodes === undefined ? [] : kubeletFlags(folder)),
    ...(options.podSecurity === undefined ? [] : [`--admission-control-config-file=${join(folder, 'admission.json')}`]),
  ]
}

const kubeletFlags = (folder: string): readonly string[] => [
  `--kubelet-certificate-authority=${join(folder, 'ca.crt')}`,
  `--kubelet-client-certificate=${join(folder, 'kubelet-client.crt')}`,
  `--kubelet-client-key=${join(folder, 'kubelet-client.key')}`,
  '--kubelet-preferred-address-types=InternalIP',
  '--enable-admission-plugins=NodeRestriction',
  // Webhooks and APIs of pods are asked at the pods' own addresses: there is no kube-proxy here.
  '--enable-aggregator-routing=true',
]

const controllerArgs = ({ folder, podCidr, serviceCidr }: ControlPlaneOptions, controllers: readonly string[]): readonly string[] => [
  kubeProgram('kube-controller-manager'),
  `--kubeconfig=${join(folder, 'kubeconfig')}`,
  '--secure-port=0',
  '--leader-elect=false',
  '--profiling=false',
  `--controllers=${controllers.join(',')}`,
  `--root-ca-file=${join(folder, 'ca.crt')}`,
  `--service-account-private-key-file=${join(folder, 'accounts.key')}`,
  ...(podCidr === undefined
    ? []
    : [
        '--use-service-account-credentials',
        '--allocate-node-cidrs',
        `--cluster-cidr=${podCidr}`,
        '--node-cidr-mask-size=24',
        `--service-cluster-ip-range=${serviceCidr ?? SERVICE_CIDR}`,
      ]),
]

async function untilReady(prefix: readonly string[], kubeconfig: string, apiserver: ProcessId, log: string): Promise<void> {
  const [program = '', ...args] = [...prefix, kubeProgram('kubectl'), `--kubeconfig=${kubeconfig}`, 'get', '--raw', '/readyz']
  for (const end = Date.now() + LIMIT_MS; ; await wait(200)) {
    const { exitCode, stderr } = await execa(program, args, { reject: false, timeout: 10_000 })
    if (exitCode === 0) return
    if (!isRunning(apiserver)) throw new Error(`kube-apiserver has ended: see ${log}`)
    if (Date.now() > end) throw new Error(`kube-apiserver is not ready within ${LIMIT_MS} ms: ${stderr.slice(-300)}; see ${log}`)
  }
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function freePort(address: string): Promise<number> {
  return new Promise((settle, fail) => {
    const probe = createServer().once('error', fail)
    probe.listen(0, address, () => {
      const at = probe.address()
      probe.close(() => settle(typeof at === 'object' && at !== null ? at.port : 0))
    })
  })
}
