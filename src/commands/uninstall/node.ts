// `subctl uninstall --node`: nodes that could not clean themselves when their cluster was uninstalled.
import { planRemove } from '../../install/remove/plan.ts'
import { readInventory } from '../../install/remove/read.ts'
import { EXIT, UserError } from '../../model/errors.ts'
import type { Given } from '../cli/given.ts'
import { usage } from '../cli/given.ts'
import type { Context } from '../context.ts'
import { deadlineOf, onCluster, print } from '../join/stage.ts'
import { subjects } from '../look/subjects.ts'
import { planUndo } from '../names/set-up.ts'
import { cleanNodes, type Performing, removeSpare } from './perform.ts'
import { remainsIn, withRemains, writeRemains } from './record.ts'
import { targetOf } from './target.ts'

export async function cleanAlone(context: Context, given: Given): Promise<undefined> {
  const nodes = given.many('node')
  const [subject, ...more] = await subjects(context, given)
  if (subject === undefined || more.length > 0 || given.on('all')) throw usage('--node is for one cluster', 'node')
  const { api } = subject
  const inventory = withRemains(await onCluster(api, () => readInventory(api, given.need('namespace'), context)))
  const plan = planRemove(inventory, { broker: false, deleteExports: false })
  if (plan.workloads.length > 0)
    throw new UserError('SUB0803', 'The agents still run on this cluster, and would put back what a node takes away', {
      hint: 'Uninstall the whole cluster: leave out --node.',
    })
  const missing = nodes.filter((name) => !inventory.nodes.some(({ metadata }) => metadata.name === name))
  if (missing.length > 0) throw usage(`this cluster has no node ${missing.join(', ')}`, 'node')
  if (given.on('plan')) {
    print(context, given, [`Nodes ${nodes.join(', ')} would clean themselves. Nothing was changed.`], {
      kind: 'CleanNodes',
      plan: true,
      nodes,
    })
    return undefined
  }
  const names = await planUndo(api)
  const target = targetOf(context, subject, {
    inventory,
    plan,
    names,
    broker: { way: undefined, former: [], faults: [], isUnknown: false },
  })
  const performing = { context, given, target, deadline: deadlineOf(context, given) }
  const done = await onCluster(api, () => cleanNodes(api, performing, false, nodes))
  await onCluster(api, () =>
    noteClean(
      performing,
      done.flatMap(({ node, why }) => (why === undefined ? [node] : [])),
    ),
  )
  const dirty = done.filter(({ why }) => why !== undefined)
  print(
    context,
    given,
    done.map(({ node, why }) => (why === undefined ? `${node} is clean` : `${node} is not clean: ${why}`)),
    {
      kind: 'CleanNodes',
      plan: false,
      nodes: done.map(({ node, why }) => ({ node, clean: why === undefined, ...(why !== undefined && { why }) })),
    },
  )
  if (dirty.length > 0) throw new UserError('SUB0804', `Not clean: ${dirty.map(({ node }) => node).join(', ')}`, { exitCode: EXIT.failed })
  return undefined
}

/** The record of what is left loses the nodes that are clean, and goes with the last of what it tells. */
async function noteClean(performing: Performing, clean: readonly string[]): Promise<void> {
  const { target } = performing
  const { api } = target.subject
  const remains = remainsIn(target.inventory)
  if (remains === undefined) return
  const nodes = remains.nodes.filter((node) => !clean.includes(node))
  if (nodes.length === 0 && remains.broker === undefined) await removeSpare(api, performing)
  else await writeRemains(api, target.template, { ...remains, nodes })
}
