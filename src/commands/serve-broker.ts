import { openTable, type TableName } from '../apiserver/kinds/served.ts'
import { prepareSchemas } from '../apiserver/objects/schema.ts'
import { type ApiServer, startServer } from '../apiserver/server.ts'
import type { KeyPair } from '../apiserver/tls/certificates.ts'
import { BROKER_FILE } from '../broker/info.ts'
import { fixedAccess } from '../k8s/access.ts'
import { openApi } from '../k8s/client.ts'
import { messageOf } from '../model/errors.ts'
import { outwardAddress, ownAddresses } from '../system/interfaces.ts'
import { fileLines, writeBrokerFile } from './broker-file.ts'
import type { Given } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'
import { openAuthority, openDatabaseFile, rememberedPlace, rememberPlace, writeKubeconfig } from './serve-broker/data.ts'
import { brokerFileText, prepareBroker } from './serve-broker/init.ts'
import { keepShared, keptShared, openTokenKeys } from './serve-broker/keys.ts'
import {
  certificateNames,
  DEFAULT_LISTEN,
  type HostPort,
  hostPortText,
  localHost,
  type Machine,
  memberUrl,
  parseHostPort,
} from './serve-broker/place.ts'
import { openReturn, type Returning, WHO_COMES_BACK } from './serve-broker/return.ts'
import { memberRule } from './serve-broker/rule.ts'

/** What the command line says, over what an earlier one said. */
interface Settings {
  readonly folder: string
  readonly kinds: TableName
  readonly listen: HostPort
  readonly advertise: readonly HostPort[]
  readonly isInit: boolean
  readonly file: string
}

/** `subctl serve-broker`: the central API server, or with --init what it needs before its first start. */
export const serveBroker: Run = async (context, given) => {
  const folder = given.need('data')
  const settings = await readSettings(context, given, folder)
  const { listen, advertise, kinds, isInit } = settings
  const machine: Machine = { hostname: context.hostname, outward: await outwardAddress(), addresses: ownAddresses() }
  // A place that is refused leaves nothing behind, least of all itself.
  if (isInit && kinds === 'broker') memberUrl(listen, advertise, machine)
  const authority = await openAuthority(context, folder)
  const keys = await openTokenKeys(context, folder)
  const returning = openReturn(context.log)
  const database = await openDatabaseFile(context, folder)
  const server = await startServer({
    table: kinds,
    database,
    // To prepare, it is reached by this process alone.
    listen: isInit ? { host: '127.0.0.1', port: 0 } : listen,
    authority,
    names: certificateNames(listen, advertise, machine),
    admit: memberRule,
    keys,
    ...(kinds === 'broker' && { readmit: returning.rule }),
    clock: context.clock,
    log: context.log,
    version: context.version,
  })
  try {
    if (isInit) await rememberPlace(context, folder, settings)
    await (isInit ? initialise : run)(context, { settings, server, authority, machine, returning })
  } finally {
    await server.close()
  }
  return undefined
}

interface Work {
  readonly settings: Settings
  readonly server: ApiServer
  readonly authority: KeyPair
  readonly machine: Machine
  readonly returning: Returning
}

async function initialise(context: Context, work: Work): Promise<void> {
  const { settings, server } = work
  const { listen, advertise, kinds, folder } = settings
  const say = (text: string): void => void context.stdout.write(`${text}\n`)
  const local: HostPort = { host: '127.0.0.1', port: server.port }
  if (server.madeAnew === 'now') say(`The data were gone or empty, the keys were not: ${beginning(kinds)}.`)
  if (kinds === 'broker') {
    const { url, source } = memberUrl(listen, advertise, work.machine)
    const written = await writeBrokerFile(context, settings.file, (await prepare(context, work, { local, url })) ?? '')
    say(`Clusters will reach the broker at ${url} (${source}).`)
    for (const line of fileLines(written)) say(line)
  }
  say(`The administrator's kubeconfig is ${await adminKubeconfig(context, work, listen.port)}.`)
  say(
    `Next: subctl serve-broker --data ${folder}${kinds === 'broker' ? `, then subctl join ${settings.file} --cluster-id NAME` : ` --kinds ${kinds}`}`,
  )
}

async function run(context: Context, work: Work): Promise<void> {
  const { settings, server } = work
  const { clock, log, signal } = context
  const listen = { ...settings.listen, port: server.port }
  const kubeconfig = await adminKubeconfig(context, work, server.port)
  if (server.madeAnew === 'now')
    log.warn('the data were gone or empty, the keys were not: beginning anew', { data: settings.folder, next: beginning(settings.kinds) })
  if (settings.kinds === 'broker') await writeMemberFile(context, work, listen)
  log.info('serving', { listen: hostPortText(listen), kinds: settings.kinds, data: settings.folder, kubeconfig })
  await prepareSchemas(openTable(settings.kinds).all, () => clock.sleep(0))
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  log.info('ending')
}

/** Without a place that members could reach there is no file; the server is of use all the same. */
async function writeMemberFile(context: Context, work: Work, listen: HostPort): Promise<void> {
  const { settings, machine } = work
  const local: HostPort = { host: localHost(listen), port: listen.port }
  let url: string | undefined
  try {
    url = memberUrl(listen, settings.advertise, machine).url
  } catch (error) {
    context.log.warn('no broker file is written', { why: messageOf(error) })
  }
  const text = await prepare(context, work, { local, url })
  if (text === undefined) return
  const { path, action } = await writeBrokerFile(context, settings.file, text)
  context.log.info(`the broker file is ${action}`, { file: path, url })
}

/** What becomes of members where the data are lost. */
const beginning = (kinds: TableName): string =>
  kinds === 'broker'
    ? `the broker begins with empty data; what comes back: ${WHO_COMES_BACK}`
    : 'beginning with empty data; tokens of accounts are void'

/** Makes a broker of the server, with what is kept of an earlier one; then members may come back. */
async function prepare(
  context: Context,
  { settings: { folder, file }, server, authority, returning }: Work,
  { local, url }: { local: HostPort; url: string | undefined },
): Promise<string | undefined> {
  const access = fixedAccess(`https://${hostPortText(local)}`, { ca: authority.cert, token: server.adminToken })
  const kept = await keptShared(context, folder, { file, ca: authority.cert })
  if (kept !== undefined && server.madeAnew !== undefined) await server.readmit(kept.token)
  if (kept === undefined && server.madeAnew === 'now')
    context.log.warn('the clusterset’s key and the broker file’s token are lost too: new ones are made, and members have to join again')
  const prepared = await prepareBroker(context, openApi(access, { log: context.log }), kept?.psk)
  await keepShared(context, folder, prepared)
  returning.open()
  return url === undefined ? undefined : brokerFileText(prepared, url)
}

/** For whoever has the folder: by the first address that others use, or on this machine. */
function adminKubeconfig(context: Context, { settings, server, authority }: Work, port: number): Promise<string> {
  const { listen, advertise, folder } = settings
  const at = advertise[0] ?? { host: localHost(listen), port }
  return writeKubeconfig(context, folder, { server: `https://${hostPortText(at)}`, ca: authority.cert, token: server.adminToken })
}

async function readSettings(context: Context, given: Given, folder: string): Promise<Settings> {
  const known = await rememberedPlace(context, folder)
  const any: HostPort = { host: '0.0.0.0', port: 6443 }
  const listen = parseHostPort(given.text('listen') ?? known?.listen ?? DEFAULT_LISTEN, 'listen', any)
  const told = given.many('advertise')
  const advertise = (told.length > 0 ? told : (known?.advertise ?? [])).map((text) => parseHostPort(text, 'advertise', listen))
  const isInit = given.on('init')
  const kinds: TableName = given.need('kinds') === 'cluster' ? 'cluster' : 'broker'
  return { folder, kinds, listen, advertise, isInit, file: given.text('file') ?? (isInit ? BROKER_FILE : `${folder}/${BROKER_FILE}`) }
}
