import { currentSecret } from '../access/tokens.ts'
import { ADMIN } from '../access/user.ts'
import { type ApiObject, parseStored } from '../objects/json.ts'
import { store, type World } from './call.ts'
import { createObject } from './create.ts'

/** Namespaces that are there in every cluster. */
const NAMESPACES = ['default', 'kube-system']

/** Makes what a new server has to begin with, and what follows from an authority that was made anew. */
export async function seed(world: World): Promise<void> {
  await renewAuthority(world)
  const served = world.table.of('Namespace')
  if (served === undefined) return
  for (const name of NAMESPACES) {
    if (world.state.get('Namespace', '', name) !== undefined) continue
    const call = { served, namespace: '', name: '', subresource: undefined, user: ADMIN, dryRun: false }
    await createObject(world, call, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
}

/** Secrets of tokens show the authority that signs the server's certificate: broker files and members take it from them. */
async function renewAuthority({ state, keys }: World): Promise<void> {
  const current = (text: string): [before: ApiObject, now: ApiObject] => {
    const secret = parseStored(text)
    return [secret, currentSecret(secret, keys)]
  }
  if (state.all('Secret').every(({ text }) => current(text)[0] === current(text)[1])) return
  await state.write((draft) => {
    for (const { text } of draft.all('Secret')) {
      const [before, now] = current(text)
      if (before !== now) store(draft, now)
    }
  })
}
