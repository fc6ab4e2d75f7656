// In data that were made anew over older keys, accounts come back with the tokens that they have: each once.
import { type Bearer, bearerOf, secretWith, userOfToken } from '../access/tokens.ts'
import type { User } from '../access/user.ts'
import { type ApiObject, isRecord, textAt } from '../objects/json.ts'
import { readObject } from '../objects/meta.ts'
import type { Draft } from '../storage/item.ts'
import { hasBeen, markSeen } from './accounts.ts'
import { placeOf, store, timestamp, type World } from './call.ts'
import { begun, prepared } from './prepare.ts'

/** Makes the account of the token anew where the data have lost it and the rule lets it come back; undefined where not. */
export async function readmit(world: World, token: string): Promise<User | undefined> {
  const { keys, state, readmit: rule } = world
  const bearer = rule === undefined ? undefined : bearerOf(token, keys)
  if (rule === undefined || bearer === undefined || hasBeen(state, bearer.namespace, bearer.account)) return undefined
  return state.write((draft) => {
    // Several requests of one bearer may have waited for this.
    const objects = hasBeen(draft, bearer.namespace, bearer.account) ? undefined : rule(bearer)
    if (objects === undefined) return userOfToken(token, keys, draft)
    for (const object of objects) bring(draft, world, { object, bearer, token })
    markSeen(draft, bearer.namespace, bearer.account)
    return userOfToken(token, keys, draft)
  })
}

interface Brought {
  readonly object: unknown
  readonly bearer: Bearer
  readonly token: string
}

/** Stores the object where it is missing; the account with the uid, and its Secret with the token, that the bearer has. */
function bring(draft: Draft, world: World, { object, bearer, token }: Brought): void {
  const served = isRecord(object) ? world.table.of(textAt(object, 'kind')) : undefined
  if (served === undefined) return
  const given = readObject(served, object)
  const { kind, namespace, name } = placeOf(given)
  if (draft.get(kind, namespace, name) !== undefined) return
  const uid = isAccount(given, bearer) ? bearer.uid : crypto.randomUUID()
  const metadata = { ...given.metadata, uid, creationTimestamp: timestamp(world.now()) }
  const whole = begun(served, prepared(served, { ...given, metadata }), world.table)
  store(draft, kind === 'Secret' && name === bearer.secret ? secretWith(whole, { ...bearer, token }, world.keys) : whole)
}

const isAccount = ({ kind, metadata }: ApiObject, { account }: Bearer): boolean => kind === 'ServiceAccount' && metadata.name === account
