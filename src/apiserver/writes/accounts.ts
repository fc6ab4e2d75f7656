// Secrets that carry tokens follow their ServiceAccounts, as the token controller of a cluster has them do.
import { accountOf, filledSecret, type Keys } from '../access/tokens.ts'
import { type ApiObject, parseStored } from '../objects/json.ts'
import type { Draft } from '../storage/item.ts'
import { drop, store } from './call.ts'

/** A Secret for a token gets it, where its account is there; other objects stay as they are. */
export function withToken(draft: Draft, keys: Keys, object: ApiObject): ApiObject {
  const name = object.kind === 'Secret' ? accountOf(object) : undefined
  const account = name === undefined ? undefined : draft.get('ServiceAccount', object.metadata.namespace ?? '', name)
  return account === undefined ? object : filledSecret(object, parseStored(account.text), keys)
}

/** What follows from a new object: Secrets that waited for the account are filled. */
export function effectsOf(draft: Draft, keys: Keys, account: ApiObject): void {
  for (const secret of secretsOf(draft, account)) {
    const filled = filledSecret(secret, account, keys)
    if (filled !== secret) store(draft, filled)
  }
}

/** What follows from an object's end: an account takes its tokens along. */
export function endOf(draft: Draft, account: ApiObject): void {
  for (const secret of secretsOf(draft, account)) drop(draft, secret)
}

function secretsOf(draft: Draft, account: ApiObject): ApiObject[] {
  if (account.kind !== 'ServiceAccount') return []
  return draft
    .all('Secret', account.metadata.namespace ?? '')
    .map((item) => parseStored(item.text))
    .filter((secret) => accountOf(secret) === account.metadata.name)
}
