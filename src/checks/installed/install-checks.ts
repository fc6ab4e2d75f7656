import type { Check, Verdict } from '../check.ts'
import { isShared } from '../clusters/broker-access.ts'
import { firstOf } from '../listing.ts'
import type { CheckContext } from '../subject.ts'
import { foreignChanges } from './foreign.ts'
import { oneKey } from './key.ts'
import { missingObjects } from './missing.ts'
import { imagesEqual, NOT_PODS, readWorkloads, workloadsReady } from './workloads.ts'

/** Questions about what `join` or Helm has put into a cluster. */
export const INSTALL_CHECKS: readonly Check<CheckContext>[] = [
  { id: 'SUB0621', name: "the agents' pods are ready", needs: ['SUB0602'], patienceMs: 15_000, run: workloadsReady },
  { id: 'SUB0622', name: 'what was installed is as it was', needs: ['SUB0602'], run: unchanged },
  { id: 'SUB0623', name: 'all clusters run one image', needs: ['SUB0602'], run: imagesEqual },
  { id: 'SUB0642', name: 'all clusters have one pre-shared key', needs: ['SUB0602'], run: oneKey },
  { id: 'SUB0624', name: "the broker's credential is this cluster's own", needs: ['SUB0606'], run: ownCredential },
]

async function unchanged(context: CheckContext): Promise<Verdict> {
  if ((await readWorkloads(context)).daemonSets.length === 0) return { is: 'skipped', reason: NOT_PODS }
  const installed = await context.installed()
  const [{ missing, hidden }, changes] = await Promise.all([
    missingObjects(context.api, installed),
    foreignChanges(context.api, context.namespace),
  ])
  const changed = changes.map(({ object, by, fields }) => `${object}: ${by} wrote ${firstOf(fields).join(', ')}`)
  if (missing.length > 0)
    return {
      is: 'failed',
      reason: [`there is no ${missing.join(', no ')}`, ...changed].join('; '),
      hint:
        installed.release === undefined
          ? 'put back what is missing, with the flags of then: `subctl join broker-info.subm --cluster-id NAME`'
          : `put back what is missing, with the values of then: \`helm upgrade ${installed.release} CHART --namespace ${context.namespace} --reset-then-reuse-values\``,
    }
  if (changes.length === 0) return { is: 'ok', ...(hidden.length > 0 && { note: `not seen: ${firstOf(hidden).join(', ')}` }) }
  return {
    is: 'warning',
    reason: changed.join('; '),
    hint: '`subctl join ... --plan` compares; --force-conflicts takes back what join sets itself, and what was added beside it is taken out by kubectl',
  }
}

async function ownCredential(context: CheckContext): Promise<Verdict> {
  const own = await context.credential()
  if (isShared(own)) return { is: 'warning', reason: `${own.account} is one credential for every cluster of the broker`, hint: OWN_ONE }
  const others = await Promise.all(
    context.all
      .filter((other) => other !== context)
      .map(async (other) => ({ name: other.name, ...(await other.credential().catch(() => ({ digest: '' }))) })),
  )
  const same = others.filter(({ digest }) => digest === own.digest).map(({ name }) => name)
  if (same.length > 0) return { is: 'warning', reason: `${same.join(', ')} has the same one`, hint: OWN_ONE }
  return { is: 'ok', ...(own.account !== undefined && { note: own.account }) }
}

const OWN_ONE =
  'any of them could speak for the others: `subctl join broker-info.subm --cluster-id NAME` gives each cluster one of its own; where Helm installs the broker: docs/helm.md, one token for each cluster'
