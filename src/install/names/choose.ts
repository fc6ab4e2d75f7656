// Who answers the clusterset's names in a cluster, and why: one line that a person can check.
import { UserError } from '../../model/errors.ts'
import type { DnsWish } from '../objects/settings.ts'
import { blockIn } from './block.ts'
import { FIRST_MULTICLUSTER, isAtLeast, versionText } from './coredns-version.ts'
import type { CoreDns, DnsFacts } from './facts.ts'

export interface Choice {
  readonly mode: 'multicluster' | 'own' | 'none'
  /** Such as `CoreDNS 1.12.4 (Deployment kube-system/coredns) answers them itself ...`. */
  readonly why: string
}

/** Throws a UserError where what is wished for cannot be. */
export function chooseMode(wish: DnsWish, facts: DnsFacts): Choice {
  if (wish === 'none') return { mode: 'none', why: 'nothing is set up, as --dns none says' }
  const hindrance = hindranceOf(facts)
  if (wish === 'own') return { mode: 'own', why: `subctl dns answers them behind ${facts.server.title}, as --dns own says` }
  if (hindrance === undefined && facts.server.kind === 'coredns') return { mode: 'multicluster', why: byItself(facts.server) }
  if (wish === 'multicluster')
    throw new UserError('SUB1002', `--dns multicluster cannot be: ${hindrance}`, {
      hint: 'Use --dns own, which needs no CoreDNS of its own, or --dns auto.',
    })
  return { mode: 'own', why: `subctl dns answers them behind ${facts.server.title}: ${hindrance}` }
}

const byItself = ({ title, version, versionFrom }: CoreDns): string => {
  const who = 'CoreDNS answers them itself, by its option multicluster'
  if (version === undefined) return `${who}, as its Corefile says already: the version of ${title} cannot be seen now (${versionFrom})`
  return `${who}: ${title} is ${versionText(version)} (${versionFrom})`
}
/** Whether our own lines for that are there: it could do it when they were written. */
const standsAlready = ({ custom, corefile }: CoreDns): boolean =>
  [custom, corefile].some((map) => /^\s*multicluster\s/m.test(blockIn(map?.text ?? '') ?? ''))

/** Why the cluster's DNS cannot answer by itself; undefined where it can. */
function hindranceOf({ server, servesAlpha }: DnsFacts): string | undefined {
  if (server.kind === 'openshift') return 'the DNS operator lets other servers be added, and no options of CoreDNS'
  if (server.kind === 'kube-dns') return 'kube-dns knows no ServiceImports'
  if (server.kind === 'unknown') return `the cluster’s DNS is not known (${server.title})`
  const { version, versionFrom } = server
  if (version === undefined && !standsAlready(server)) return `it is not known which CoreDNS runs: ${versionFrom}`
  if (version !== undefined && !isAtLeast(version, FIRST_MULTICLUSTER))
    return `CoreDNS ${versionText(version)} is older than ${versionText(FIRST_MULTICLUSTER)}, the first with the option multicluster`
  if (servesAlpha === false) return 'the cluster’s CRD of ServiceImports does not serve v1alpha1, the version that CoreDNS reads'
  return undefined
}
