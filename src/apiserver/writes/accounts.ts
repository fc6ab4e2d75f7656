// Secrets that carry tokens follow their ServiceAccounts, as the token controller of a cluster has them do.
import { accountOf, filledSecret, type Keys } from '../access/tokens.ts'
import { type ApiObject, parseStored } from '../objects/json.ts'
import type { Draft, Reader } from '../storage/item.ts'
import { drop, store, type World } from './call.ts'

/** A Secret for a token gets it, where its account is there; other objects stay as they are. */
export function withToken(draft: Draft, keys: Keys, object: ApiObject): ApiObject {
  const name = object.kind === 'Secret' ? accountOf(object) : undefined
  const account = name === undefined ? undefined : draft.get('ServiceAccount', object.metadata.namespace ?? '', name)
  return account === undefined ? object : filledSecret(object, parseStored(account.text), keys)
}

/** What follows from a new object: Secrets that waited for the account are filled. In data that others may come back to, an account that was made does not. */
export function effectsOf(draft: Draft, { keys, readmit }: World, account: ApiObject): void {
  if (readmit !== undefined && account.kind === 'ServiceAccount') markSeen(draft, account.metadata.namespace ?? '', account.metadata.name)
  for (const secret of secretsOf(draft, account)) {
    const filled = filledSecret(secret, account, keys)
    if (filled !== secret) store(draft, filled)
  }
}

/** What follows from an object's end: an account takes its tokens along. */
export function endOf(draft: Draft, account: ApiObject): void {
  for (const secret of secretsOf(draft, account)) drop(draft, secret)
}

/** No kind of the API: which accounts these data have had. */
const SEEN = 'AccountSeen'

/** Keeps, whatever becomes of the account, that the data have had one of this name. */
export function markSeen(draft: Draft, namespace: string, account: string): void {
  const name = `${namespace}/${account}`
  if (draft.get(SEEN, '', name) !== undefined) return
  draft.put({ kind: SEEN, namespace: '', name }, () => ({ text: JSON.stringify({ kind: SEEN, metadata: { name } }), labels: {} }))
}

/** Whether the data have, or have had, the account. */
export const hasBeen = (reader: Reader, namespace: string, account: string): boolean =>
  reader.get(SEEN, '', `${namespace}/${account}`) !== undefined || reader.get('ServiceAccount', namespace, account) !== undefined

function secretsOf(draft: Draft, account: ApiObject): ApiObject[] {
  if (account.kind !== 'ServiceAccount') return []
  return draft
    .all('Secret', account.metadata.namespace ?? '')
    .map((item) => parseStored(item.text))
    .filter((secret) => accountOf(secret) === account.metadata.name)
}
