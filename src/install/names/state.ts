// Which way names of the clusterset are answered in a cluster now, by what its DNS says; one line, for reports.

import { textAt } from '../tree.ts'
import { blockIn, withoutBlock } from './block.ts'
import { versionText } from './coredns-version.ts'
import { readCorefile, whoServes } from './corefile.ts'
import { type CoreDns, type DnsFacts, type MapText, OPENSHIFT_SERVER, STUBS_ANNOTATION } from './facts.ts'

export interface NamesState {
  /** `others`: somebody else's entry; `nobody`: none. */
  readonly mode: 'multicluster' | 'own' | 'others' | 'nobody'
  readonly text: string
}

export function namesState({ server }: DnsFacts, zones: readonly string[]): NamesState {
  if (server.kind === 'coredns') return coreDnsState(server, zones)
  if (server.kind === 'kube-dns') {
    const entry = server.stubs.annotations[STUBS_ANNOTATION]
    if (entry !== undefined) return { mode: 'own', text: `subctl dns, which kube-dns forwards to by ConfigMap ${titleOf(server.stubs)}` }
    const isTaken = zones.some((zone) => server.stubs.text?.includes(`"${zone}"`) === true)
    return isTaken ? others(`stubDomains of ConfigMap ${titleOf(server.stubs)}`) : nobody('kube-dns')
  }
  if (server.kind === 'openshift') {
    const names = (server.servers ?? []).filter((one) => JSON.stringify(one).includes(`"${zones[0]}"`)).map((one) => textAt(one, 'name'))
    if (names.includes(OPENSHIFT_SERVER)) return { mode: 'own', text: 'subctl dns, which the DNS operator forwards to' }
    return names.length > 0 ? others(`server "${names[0]}" of the DNS operator`) : nobody('the DNS operator')
  }
  return { mode: 'nobody', text: `nobody that is known: ${server.title}` }
}

const titleOf = ({ namespace, name }: MapText): string => `${namespace}/${name}`
const others = (who: string): NamesState => ({ mode: 'others', text: `${who}, which is not ours` })
const nobody = (where: string): NamesState => ({
  mode: 'nobody',
  text: `nobody: ${where} has no entry for them (subctl join --dns auto makes one)`,
})

function coreDnsState({ corefile, custom, title, version }: CoreDns, zones: readonly string[]): NamesState {
  const release = version === undefined ? '' : ` ${versionText(version)}`
  for (const map of [custom, corefile]) {
    const block = map?.text === undefined ? undefined : blockIn(map.text)
    if (map === undefined || block === undefined) continue
    const server = /^\s*forward \. (\S+)/m.exec(block)?.[1]
    if (server !== undefined)
      return { mode: 'own', text: `subctl dns at ${server}, which CoreDNS${release} forwards to by ConfigMap ${titleOf(map)}` }
    return { mode: 'multicluster', text: `CoreDNS${release} itself, by its option multicluster in ConfigMap ${titleOf(map)}` }
  }
  for (const text of [corefile?.text ?? '', ...Object.values(custom?.others ?? {})]) {
    const read = readCorefile(withoutBlock(text) ?? text)
    const who = read && whoServes(read, zones)
    if (who !== undefined) return others(`CoreDNS${release}, by ${who}`)
  }
  return nobody(title)
}
