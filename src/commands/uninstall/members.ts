// `--all`: the contexts of the kubeconfig that lead to members of a broker.
import { listAt, textAt } from '../../install/tree.ts'
import { inTurns } from '../../k8s/discover.ts'
import { parseDocuments } from '../../k8s/yaml.ts'
import { UserError } from '../../model/errors.ts'
import { CLUSTER_LABEL, CLUSTER_UID } from '../../model/names.ts'
import type { Given } from '../cli/given.ts'
import type { Context } from '../context.ts'
import { say } from '../join/stage.ts'
import type { Subject } from '../look/subjects.ts'
import { type BrokerFile, openFile } from './broker.ts'

const REQUEST_MS = 5_000

/** One context for each member. Throws where a member has none, and names it. */
export async function members(context: Context, given: Given, file: BrokerFile): Promise<readonly Subject[]> {
  const broker = await openFile(context, file)
  const { namespace } = file.info
  const [accounts, clusters] = await Promise.all([
    broker.list('ServiceAccount', { namespace, labels: { [CLUSTER_LABEL]: '' } }),
    broker.list('Cluster', { namespace }),
  ])
  const uids = new Map<string, string>()
  for (const { metadata } of [...clusters.items, ...accounts.items]) {
    const [id, uid] = [metadata.labels?.[CLUSTER_LABEL], metadata.annotations?.[CLUSTER_UID]]
    if (id !== undefined) uids.set(id, uid ?? uids.get(id) ?? '')
  }
  const found = await inTurns(await contextNames(context, given), (name) => open(context, given, name))
  const chosen = [...uids].map(([id, uid]) => ({ id, subject: found.find((one) => one?.uid === uid && uid !== '')?.subject }))
  const lost = chosen.filter(({ subject }) => subject === undefined).map(({ id }) => id)
  if (lost.length > 0) {
    const there = chosen.flatMap(({ subject }) => subject?.name ?? [])
    const others = there.length === 0 ? '' : `The others: subctl uninstall --contexts ${there.join(',')}. `
    throw new UserError('SUB0809', `No context of the kubeconfig leads to ${lost.map((id) => `"${id}"`).join(', ')}`, {
      hint: `${others}What is gone for good: ${lost.map((id) => `subctl forget ${id}`).join('; ')}`,
    })
  }
  return chosen.flatMap(({ subject }) => subject ?? [])
}

async function open(
  context: Context,
  given: Given,
  name: string,
): Promise<{ readonly uid: string; readonly subject: Subject } | undefined> {
  const kubeconfig = given.text('kubeconfig')
  try {
    const api = await context.kube({ context: name, ...(kubeconfig !== undefined && { kubeconfig }) })
    const uid = (await api.within(REQUEST_MS).get('Namespace', 'kube-system'))?.metadata.uid
    return uid === undefined ? undefined : { uid, subject: { name, api } }
  } catch {
    say(context, `context ${name} cannot be reached`)
    return undefined
  }
}

/** Names of contexts, as kubectl finds the files. */
async function contextNames({ env, files }: Context, given: Given): Promise<readonly string[]> {
  const home = `${env.HOME ?? ''}/.kube/config`
  const paths = (given.text('kubeconfig') ?? home).split(':').filter((path) => path !== '')
  const texts = await Promise.all(paths.map((path) => files.readIfThere(path)))
  const names = texts.flatMap((text) => (text === undefined ? [] : parseDocuments(text))).flatMap((config) => listAt(config, 'contexts'))
  return [...new Set(names.flatMap((one) => textAt(one, 'name') ?? []))]
}
