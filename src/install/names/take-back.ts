// How what we did to a cluster's DNS is undone: by our marks, whatever others have changed around them.

import { textAt } from '../tree.ts'
import { blockIn, withoutBlock } from './block.ts'
import { type Edit, isChange, takeText } from './edit.ts'
import { CREATED_ANNOTATION, CUSTOM_KEY, type DnsFacts, type MapText, OPENSHIFT_SERVER, STUBS_ANNOTATION } from './facts.ts'
import { withoutStubs } from './stub-domains.ts'

export interface TakeBack {
  /** In the order in which they are made: caches first. */
  readonly edits: readonly Edit[]
  /** What has to be done by hand, and why. */
  readonly hand: readonly string[]
}

export function planTakeBack({ server, nodeLocal }: DnsFacts): TakeBack {
  const maps = server.kind === 'coredns' ? [nodeLocal, server.custom, server.corefile] : [nodeLocal]
  const texts = maps.filter((map) => map !== undefined)
  const edits = [
    ...texts.flatMap((map) => textEdit(map)),
    ...(server.kind === 'kube-dns' ? stubsEdit(server.stubs) : []),
    ...(server.kind === 'openshift' ? operatorEdit(server.servers) : []),
  ].filter(isChange)
  const hand = texts
    .filter(({ text }) => text !== undefined && withoutBlock(text) === undefined)
    .map(
      ({ namespace, name }) =>
        `the marks of our part in ConfigMap ${namespace}/${name} do not match: kubectl edit configmap ${name} --namespace ${namespace}`,
    )
  return { edits, hand }
}

function textEdit(map: MapText): readonly Edit[] {
  if (map.text === undefined || blockIn(map.text) === undefined) return []
  const rest = withoutBlock(map.text)
  if (rest === undefined) return []
  // The key goes where it is our own, unless others have put something beside our part.
  return [takeText(map, map.key === CUSTOM_KEY && rest.trim() === '' ? undefined : rest)]
}

function stubsEdit(map: MapText): readonly Edit[] {
  const entry = map.annotations[STUBS_ANNOTATION]
  if (entry === undefined || map.text === undefined) return []
  const edit = takeText(map, withoutStubs(map.text, entry, map.annotations[CREATED_ANNOTATION] !== undefined))
  return [{ ...edit, annotations: { ...edit.annotations, [STUBS_ANNOTATION]: [entry, null] } }]
}

function operatorEdit(servers: readonly unknown[] | undefined): readonly Edit[] {
  const others = (servers ?? []).filter((one) => textAt(one, 'name') !== OPENSHIFT_SERVER)
  const after = others.length === 0 ? undefined : others
  return servers === undefined || others.length === servers.length
    ? []
    : [{ kind: 'DNS', namespace: undefined, name: 'default', path: ['spec', 'servers'], before: servers, after }]
}
