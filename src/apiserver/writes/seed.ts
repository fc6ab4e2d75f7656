import { ADMIN } from '../access/user.ts'
import type { World } from './call.ts'
import { createObject } from './create.ts'

/** Namespaces that are there in every cluster. */
const NAMESPACES = ['default', 'kube-system']

/** Makes what a new server has to begin with. */
export async function seed(world: World): Promise<void> {
  const served = world.table.of('Namespace')
  if (served === undefined) return
  for (const name of NAMESPACES) {
    if (world.state.get('Namespace', '', name) !== undefined) continue
    const call = { served, namespace: '', name: '', subresource: undefined, user: ADMIN, dryRun: false }
    await createObject(world, call, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
}
