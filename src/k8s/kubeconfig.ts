// The only file that loads the client library, for what it knows of kubeconfigs: their format and the older auth-providers. Merging files, reading
// tokens and certificates again, and running credential programs are ours: the library stops at two files that name the same cluster, knows no
// tokenFile, and runs programs without a limit.
import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node'
import { codeOf, EXIT, messageOf, UserError } from '../model/errors.ts'
import type { ProblemId } from '../model/problem.ts'
import type { Clock } from '../system/clock.ts'
import type { Exec } from '../system/exec.ts'
import type { Files } from '../system/files.ts'
import type { Access } from './access.ts'
import { isRecord } from './answers.ts'
import { credentialsOf } from './credentials.ts'
import { parseDocuments } from './yaml.ts'

export interface KubeconfigChoice {
  /** Default: the files of KUBECONFIG, else ~/.kube/config. */
  readonly kubeconfig?: string
  /** Default: the current context. */
  readonly context?: string
}
export interface KubeconfigWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly files: Files
  readonly exec: Exec
}

/** The access that a context of the kubeconfig gives. Throws UserError. Nothing is sent and no program run yet. */
export async function kubeconfigAccess(choice: KubeconfigChoice, world: KubeconfigWorld): Promise<Access> {
  const { config, tokenFiles, where } = await load(choice, world)
  const name = choice.context ?? config.getCurrentContext()
  const known = config.getContexts().map((context) => context.name)
  if (name === undefined || name === '')
    throw fault('SUB0204', `${where} has no current context`, `Contexts in it: ${known.join(', ') || 'none'}. Give one with --context.`)
  const context = config.getContextObject(name)
  if (context === null) throw fault('SUB0204', `${where} has no context "${name}"`, `Contexts in it: ${known.join(', ') || 'none'}.`)
  const cluster = config.getCluster(context.cluster)
  if (cluster === null) throw fault('SUB0205', `${where}: context "${name}" is for the cluster "${context.cluster}", which is not in it`)
  const user = context.user === undefined ? undefined : config.getUser(context.user)
  if (user === null) throw fault('SUB0205', `${where}: context "${name}" is for the user "${context.user}", which is not in it`)
  config.setCurrentContext(name)
  checkCluster(cluster, where)
  if (user?.impersonateUser)
    throw fault('SUB0207', `${where}: user "${user.name}" acts as "${user.impersonateUser}", which subctl does not do`)
  const tokenFile = user && tokenFiles.get(user.name)
  const source = {
    cluster,
    where,
    ...(user && { user }),
    ...(tokenFile !== undefined && { tokenFile }),
    ...(user?.authProvider && { provider: () => providedBy(config, user, where) }),
  }
  if (cluster.server.startsWith('http:') && user && hasCredential(user, tokenFile))
    throw fault(
      'SUB0206',
      `${where}: cluster "${cluster.name}" is at ${cluster.server}: a credential would be sent in the clear`,
      'Use an https:// address.',
    )
  return {
    server: cluster.server,
    insecure: cluster.skipTLSVerify,
    ...(cluster.tlsServerName && { tlsServerName: cluster.tlsServerName }),
    ...(context.namespace && { namespace: context.namespace }),
    credentials: await credentialsOf(source, world),
  }
}

/** What an auth-provider of old kubeconfigs (oidc and the like) puts into the Authorization header. */
async function providedBy(config: KubeConfig, user: User, where: string): Promise<string | undefined> {
  const options: { headers: Record<string, string> } = { headers: {} }
  try {
    await config.applyToHTTPSOptions(options)
  } catch (error) {
    const name: unknown = user.authProvider?.name
    const why = messageOf(error).split('\n')[0]
    throw fault('SUB0209', `${where}: the auth-provider "${String(name)}" of user "${user.name}" gives no credential: ${why}`)
  }
  return options.headers.Authorization
}

function checkCluster({ name, server, proxyUrl }: Cluster & { readonly proxyUrl?: string }, where: string): void {
  if (proxyUrl) throw fault('SUB0207', `${where}: cluster "${name}" is reached through a proxy (proxy-url), which subctl does not use`)
  let url: URL | undefined
  try {
    url = new URL(server)
  } catch {
    // Said below, in the same words as for another scheme.
  }
  if (url === undefined || !['https:', 'http:'].includes(url.protocol) || url.search !== '' || url.hash !== '')
    throw fault('SUB0206', `${where}: the server of cluster "${name}" is no https:// address`)
  if (url.username !== '' || url.password !== '') throw fault('SUB0206', `${where}: the server of cluster "${name}" carries a user name`)
}

const hasCredential = (user: User, tokenFile: string | undefined): boolean =>
  Boolean(user.token || tokenFile || user.exec || user.authProvider || user.username)

const fault = (id: ProblemId, message: string, hint?: string): UserError =>
  new UserError(id, message, { exitCode: EXIT.unreachable, ...(hint !== undefined && { hint }) })

interface Loaded {
  readonly config: KubeConfig
  /** By user: kubeconfig's tokenFile, which the library does not know. */
  readonly tokenFiles: ReadonlyMap<string, string>
  /** For messages: the file, or the files. */
  readonly where: string
}

async function load({ kubeconfig }: KubeconfigChoice, { env, files }: KubeconfigWorld): Promise<Loaded> {
  const fromEnv = (env.KUBECONFIG ?? '').split(':').filter((path) => path !== '')
  const home = env.HOME === undefined ? [] : [`${env.HOME}/.kube/config`]
  const paths = kubeconfig !== undefined ? [kubeconfig] : fromEnv.length > 0 ? fromEnv : home
  const found: Loaded[] = []
  for (const path of paths) {
    const text = await readConfig(path, files)
    if (text !== undefined) found.push(parseConfig(path, text))
  }
  if (found.length === 0)
    throw fault(
      'SUB0201',
      paths.length === 0 ? 'There is no kubeconfig' : `There is no kubeconfig ${paths.join(' or ')}`,
      'Give one with --kubeconfig FILE.',
    )
  const config = new KubeConfig()
  config.loadFromOptions({
    clusters: firstOfEachName(found.map((one) => one.config.getClusters())),
    users: firstOfEachName(found.map((one) => one.config.getUsers())),
    contexts: firstOfEachName(found.map((one) => one.config.getContexts())),
    currentContext: found.map((one) => one.config.getCurrentContext()).find((name) => name),
  })
  const tokenFiles = new Map(found.toReversed().flatMap((one) => [...one.tokenFiles]))
  return { config, tokenFiles, where: `kubeconfig ${found.map((one) => one.where).join(', ')}` }
}

async function readConfig(path: string, files: Files): Promise<string | undefined> {
  try {
    return await files.readIfThere(path)
  } catch (error) {
    const code = codeOf(error)
    throw fault('SUB0202', `kubeconfig ${path} cannot be read (${code === 'EISDIR' ? 'it is a folder' : code})`)
  }
}

function parseConfig(path: string, text: string): Loaded {
  const bad = (why: string): UserError => fault('SUB0203', `kubeconfig ${path} is not understood: ${why}`)
  if (text.trim() === '') throw bad('it is empty')
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '.'
  let raw: unknown
  try {
    raw = parseDocuments(text)[0]
  } catch (error) {
    throw bad(messageOf(error))
  }
  if (!isRecord(raw) || (raw.clusters === undefined && raw.contexts === undefined && raw.users === undefined))
    throw bad('it has no clusters, contexts and users')
  const config = new KubeConfig()
  try {
    config.loadFromString(text)
    config.makePathsAbsolute(folder)
    for (const { exec } of config.getUsers())
      if (typeof exec?.command === 'string' && exec.command.includes('/')) exec.command = absolute(exec.command, folder)
  } catch (error) {
    // The first line alone: a longer message quotes the file.
    throw bad(messageOf(error).split('\n')[0] ?? '')
  }
  return { config, tokenFiles: new Map(tokenFilesOf(raw.users, folder)), where: path }
}

function tokenFilesOf(users: unknown, folder: string): [string, string][] {
  return (Array.isArray(users) ? users : []).flatMap((entry: unknown): [string, string][] => {
    const user = isRecord(entry) && isRecord(entry.user) ? entry.user : {}
    if (!isRecord(entry) || typeof entry.name !== 'string' || typeof user.tokenFile !== 'string') return []
    return [[entry.name, absolute(user.tokenFile, folder)]]
  })
}

const absolute = (path: string, folder: string): string => (path.startsWith('/') ? path : `${folder}/${path}`)

/** As kubectl merges files: the first that has a name counts. */
function firstOfEachName<T extends { readonly name: string }>(lists: readonly (readonly T[])[]): T[] {
  return [
    ...new Map(
      lists
        .flat()
        .toReversed()
        .map((item) => [item.name, item]),
    ).values(),
  ]
}
