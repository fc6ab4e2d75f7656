import { messageOf, UserError } from '../../../model/errors.ts'
import type { OpenLocalSocket } from '../../../system/unix-socket.ts'
import type { EspMode } from '../daemon/charon-conf.ts'
import { openListing } from './listing.ts'
import { readConnections, readSas, type SeenConnection, type SeenSa } from './seen.ts'
import { connectVici, type Vici } from './vici.ts'
import type { Section } from './vici-codec.ts'

export interface LinkOptions {
  readonly path: string
  readonly openSocket: OpenLocalSocket
  /** An SA or a child of the connection came up or went down. */
  onChange(connection: string): void
  /** charon has gone. */
  onClose(): void
  /** A line of charon's log about a connection. */
  onLog(connection: string, line: string): void
}

/** charon behind its vici socket; connected when needed, again after it has gone. Rejects with UserError SUB0501 where it does not answer. */
export interface CharonLink extends Disposable {
  request(command: string, message?: Section): Promise<Section>
  /** All that it has, or what it has by these names. */
  connections(names?: Iterable<string>): Promise<SeenConnection[]>
  sas(names?: Iterable<string>): Promise<SeenSa[]>
  /** Ids of the secrets that it holds. */
  secrets(): Promise<readonly string[]>
  /** Which ESP it was started with. */
  esp(): Promise<EspMode>
  /** Whether it was connected last. */
  readonly isOpen: boolean
  /** Whether log lines are wanted; they cost while many peers are there. */
  hear(isWanted: boolean): Promise<void>
}

export function openLink(options: LinkOptions): CharonLink {
  const state: { vici?: Promise<Vici> | undefined; esp?: EspMode | undefined; isHearing: boolean } = { isHearing: false }
  const connected = async (): Promise<Vici> => {
    if (state.vici === undefined) {
      const opening = open(options, () => {
        state.vici = undefined
      })
      state.vici = opening
      state.isHearing = false
      state.esp = undefined
      opening.catch(() => {
        if (state.vici === opening) state.vici = undefined
      })
    }
    return await state.vici
  }
  const connections = openListing('list-conns', 'list-conn', readConnections)
  const sas = openListing('list-sas', 'list-sa', readSas)
  return {
    request: async (command, message) => await (await connected()).request(command, message),
    connections: async (names) => await connections(await connected(), names),
    sas: async (names) => await sas(await connected(), names),
    secrets: async () => listOf(await (await connected()).request('get-shared'), 'keys'),
    esp: async () => {
      const vici = await connected()
      state.esp ??= listOf(await vici.request('stats'), 'plugins').includes('kernel-libipsec') ? 'userspace' : 'kernel'
      return state.esp
    },
    get isOpen() {
      return state.vici !== undefined
    },
    async hear(isWanted) {
      const vici = await connected()
      if (isWanted === state.isHearing) return
      state.isHearing = isWanted
      if (!isWanted) return await vici.ignore('log')
      await vici.listen('log', ({ 'ikesa-name': name, msg }) => {
        if (typeof name === 'string' && typeof msg === 'string') options.onLog(name, msg)
      })
    },
    [Symbol.dispose]() {
      void state.vici?.then(
        (vici) => vici[Symbol.dispose](),
        () => undefined,
      )
    },
  }
}

async function open({ path, openSocket, onChange, onClose }: LinkOptions, closed: () => void): Promise<Vici> {
  const vici = await connectVici({ path, openSocket }).catch((error: unknown) => {
    throw new UserError('SUB0501', `charon does not answer at ${path}: ${messageOf(error)}`, { cause: error })
  })
  void vici.closed.then(() => {
    closed()
    onClose()
  })
  // Beside a word or two an event has one section: the SA, by its connection's name.
  const tell = (event: Section): void => {
    for (const [name, value] of Object.entries(event)) if (typeof value === 'object') onChange(name)
  }
  await vici.listen('ike-updown', tell)
  await vici.listen('child-updown', tell)
  return vici
}

function listOf(message: Section, key: string): readonly string[] {
  const value = message[key]
  return Array.isArray(value) ? value.map(String) : []
}
