// Who comes back to a broker whose database is lost and whose keys are not: its administrator's account, and its members.
import type { Readmission } from '../../apiserver/access/readmission.ts'
import { memberObjects } from '../../broker/credentials.ts'
import { ADMIN_ACCOUNT } from '../../broker/info.ts'
import { brokerRights } from '../../broker/rights.ts'
import { labelled } from '../../install/objects/manifests.ts'
import { BROKER_NAMESPACE, CLUSTER_UID, isLabel, memberAccount } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import type { Log } from '../../system/log.ts'

/** For whoever reads that a broker begins anew. */
export const WHO_COMES_BACK =
  'every cluster that has a token which token.key has signed, once; tokens that were taken back before the loss are among them'

export interface Returning {
  readonly rule: Readmission
  /** From now on members come back: what they need of the broker is there. */
  open(): void
}

/** A member comes back with what joining had given it, and no more. */
export function openReturn(log: Log): Returning {
  let isOpen = false
  return {
    open() {
      isOpen = true
    },
    rule({ namespace, account, secret, annotations }) {
      if (namespace !== BROKER_NAMESPACE) return undefined
      if (account === ADMIN_ACCOUNT) return adminObjects().map((object) => carriedBy(object, secret))
      const clusterId = account.slice(memberAccount('').length)
      if (!isOpen || account !== memberAccount(clusterId) || !isLabel(clusterId)) return undefined
      log.info('a member has come back with the credential that it had', { cluster: clusterId })
      // A token of an older version does not say which cluster's it is.
      return memberObjects({ clusterId, clusterUid: annotations[CLUSTER_UID] ?? '', namespace }).map((object) => carriedBy(object, secret))
    },
  }
}

const adminObjects = (): readonly Resource[] =>
  brokerRights()
    .filter(({ kind, metadata: { name } }) => (kind === 'ServiceAccount' && name === ADMIN_ACCOUNT) || kind === 'Secret')
    .map(labelled)

/** The Secret of the token under the name that the token says. */
const carriedBy = (object: Resource, name: string): Resource =>
  object.kind === 'Secret' ? { ...object, metadata: { ...object.metadata, name } } : object
