// What charon answers, read into values. Pure.
import type { Section, Value } from './vici-codec.ts'

export interface SeenConnection {
  readonly name: string
  readonly local: string
  readonly remote: readonly string[]
  readonly localId: string
  readonly remoteId: string
  /** "" on a connection that is not ours. */
  readonly mark: string
  readonly children: readonly { readonly name: string; readonly local: string; readonly remote: string }[]
}
export interface SeenChild {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly reqid: number
  readonly local: string
  readonly remote: string
  /** The smaller of its two SPIs: the same on both sides. */
  readonly spi: string
}
export interface SeenSa {
  /** The connection's name. */
  readonly name: string
  readonly id: string
  readonly state: string
  readonly isInitiator: boolean
  /** Seconds since it was established; undefined while it is not. */
  readonly ageSeconds: number | undefined
  /** The initiator's SPI: the same on both sides. */
  readonly spi: string
  readonly remoteHost: string
  readonly tasks: readonly string[]
  readonly children: readonly SeenChild[]
}

export type SasByName = ReadonlyMap<string, readonly SeenSa[]>
export const byName = (sas: readonly SeenSa[]): SasByName => Map.groupBy(sas, ({ name }) => name)

/** Of each event of list-conns; a connection a key. */
export const readConnections = (event: Section): SeenConnection[] =>
  sections(event).map(([name, conn]) => ({
    name,
    local: list(conn['local_addrs'])[0] ?? '',
    remote: list(conn['remote_addrs']),
    localId: text(section(conn['local-1'])['id']),
    remoteId: text(section(conn['remote-1'])['id']),
    mark: text(section(conn['local-1'])['aaa_id']),
    children: sections(section(conn['children'])).map(([child, it]) => ({
      name: child,
      local: list(it['local-ts']).join(),
      remote: list(it['remote-ts']).join(),
    })),
  }))

/** Of each event of list-sas. */
export const readSas = (event: Section): SeenSa[] =>
  sections(event).map(([name, sa]) => ({
    name,
    id: text(sa['uniqueid']),
    state: text(sa['state']),
    isInitiator: text(sa['initiator']) === 'yes',
    ageSeconds: sa['established'] === undefined ? undefined : Number(text(sa['established'])),
    spi: text(sa['initiator-spi']),
    remoteHost: text(sa['remote-host']),
    tasks: ['tasks-active', 'tasks-queued', 'tasks-passive'].flatMap((key) => list(sa[key])),
    children: sections(section(sa['child-sas'])).map(([, child]) => readChild(child)),
  }))

const readChild = (child: Section): SeenChild => ({
  id: text(child['uniqueid']),
  name: text(child['name']),
  state: text(child['state']),
  reqid: Number(text(child['reqid']) || 0),
  local: list(child['local-ts']).join(),
  remote: list(child['remote-ts']).join(),
  spi: [text(child['spi-in']), text(child['spi-out'])].sort()[0] ?? '',
})

const isSection = (value: Value | undefined): value is Section => typeof value === 'object' && !Array.isArray(value)
const section = (value: Value | undefined): Section => (isSection(value) ? value : {})
const sections = (value: Section): [string, Section][] =>
  Object.entries(value).flatMap(([key, inner]) => (isSection(inner) ? [[key, inner]] : []))
const text = (value: Value | undefined): string => (typeof value === 'string' ? value : '')
const list = (value: Value | undefined): readonly string[] =>
  typeof value === 'string' ? [value] : Array.isArray(value) ? (value as readonly string[]) : []
