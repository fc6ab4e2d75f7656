import { messageOf } from '../model/errors.ts'
import { type Aim, type AimResult, DONE_LINE, type FlowState, gapsOf, MOST_BYTES, parseAim, writeAim } from '../model/nettest.ts'
import { type NameResult, parseName, typeOf } from '../model/nettest-name.ts'
import { echoTcp, echoUdp, openEchoFlow } from '../system/echo-client.ts'
import { openEchoServer } from '../system/echo-server.ts'
import { askDns } from '../system/resolve.ts'
import { type Given, usage } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import type { Context } from './context.ts'

const TRY_MS = { tcp: 5_000, udp: 1_000 } as const
const PAUSE_MS = 250
/** A datagram of a flow that has no answer after this time is lost. */
const LOST_MS = 1_000
const MOST_GAPS = 100
/** A DNS server is asked no more often, whatever is said. */
const LEAST_REPEAT_MS = 50

/** `subctl nettest server|client`: one end of a test between pods. */
export const nettest: Run = (context, given) => (given.args[0] === 'server' ? serve(context, given) : beClient(context, given))

/** Gives back what it is sent, until SIGTERM. */
const serve: Run = async ({ signal, stdout, hostname }, given) => {
  const host = given.need('listen')
  const port = await openEchoServer({
    host,
    port: given.number('port', 0, 65_535),
    name: given.text('name') ?? hostname,
    mostBytes: MOST_BYTES,
    signal,
  })
  stdout.write(`${JSON.stringify({ listening: port })}\n`)
  await new Promise<void>((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })
  return undefined
}

/** Asks each aim, and prints a line of JSON for each. */
const beClient: Run = async (context, given) => {
  const aims = given.many('aim').map((text) => aimOf(text))
  const flow = given.text('flow')
  const names = given.many('ask').map((text) => named(text, parseName, 'ask'))
  if ([aims.length > 0, flow !== undefined, names.length > 0].filter((is) => is).length !== 1)
    throw usage('give either --aim, --flow or --ask', 'aim')
  if (flow !== undefined) await runFlow(context, aimOf(flow), given)
  else if (names.length > 0) await askNames(context, names, given)
  else await askAll(context, aims, given)
  return undefined
}

async function askAll(context: Context, aims: readonly Aim[], given: Given): Promise<void> {
  const untilMs = context.clock.now() + given.duration('patience')
  const open = [...aims]
  const worker = async (): Promise<void> => {
    for (let aim = open.shift(); aim !== undefined; aim = open.shift()) print(context, await ask(context, aim, untilMs))
  }
  await Promise.all(Array.from({ length: given.number('parallel', 1, 256) }, worker))
  if (!context.signal.aborted) context.stdout.write(`${DONE_LINE}\n`)
}

/** Asks the DNS for each name: once, or again and again. */
async function askNames(context: Context, names: readonly string[], given: Given): Promise<void> {
  const server = given.text('dns-server')
  if (given.text('repeat') !== undefined) {
    const everyMs = Math.max(LEAST_REPEAT_MS, given.duration('repeat'))
    await Promise.all(names.map((name) => askAgain(context, { name, server, everyMs })))
    return
  }
  for (const name of names) context.stdout.write(`${JSON.stringify(await askName(context, name, server))}\n`)
  if (!context.signal.aborted) context.stdout.write(`${DONE_LINE}\n`)
}

/** Asks until SIGTERM, and prints what is other than before. */
async function askAgain(
  context: Context,
  { name, server, everyMs }: { readonly name: string; readonly server: string | undefined; readonly everyMs: number },
): Promise<void> {
  const { clock, signal, stdout } = context
  for (let before = ''; !signal.aborted; await clock.sleep(everyMs, signal)) {
    const line = await askName(context, name, server)
    const now = JSON.stringify([line.answers, line.code])
    if (now !== before && !signal.aborted) stdout.write(`${JSON.stringify(line)}\n`)
    before = now
  }
}

async function askName({ clock, signal }: Context, name: string, server: string | undefined): Promise<NameResult> {
  const type = typeOf(name)
  const began = clock.now()
  const { answers, code, servers } = await askDns({ name, type, server, signal })
  return { ask: name, type, ok: answers !== undefined, answers, code, servers, ms: clock.now() - began }
}

/** Asks until there is an answer or no time is left; once in any case. */
async function ask({ clock, signal }: Context, aim: Aim, untilMs: number): Promise<AimResult> {
  const echo = aim.protocol === 'tcp' ? echoTcp : echoUdp
  for (let tries = 1; ; tries += 1) {
    const began = clock.now()
    try {
      const { seen, name } = await echo({ ...aim, timeoutMs: TRY_MS[aim.protocol], signal })
      return { aim: writeAim(aim), ok: true, seen, name, ms: clock.now() - began, tries }
    } catch (error) {
      if (clock.now() + PAUSE_MS > untilMs || signal.aborted) return { aim: writeAim(aim), ok: false, tries, message: messageOf(error) }
      await clock.sleep(PAUSE_MS, signal)
    }
  }
}

/** Sends numbered datagrams until SIGTERM, and prints every second what became of them. */
async function runFlow(context: Context, aim: Aim, given: Given): Promise<void> {
  const { clock, signal } = context
  const everyMs = given.duration('every')
  const sentMs: number[] = []
  const answered = new Set<number>()
  const flow = await openEchoFlow(aim.ip, aim.port, {
    onAnswer: (n) => answered.add(n),
    // ICMP's complaints while a gateway is gone are part of what is measured.
    onError: () => {},
  })
  const state = (): FlowState => {
    const { gaps, open } = gapsOf(sentMs, answered, clock.now() - LOST_MS)
    return { flow: writeAim(aim), sent: sentMs.length, answered: answered.size, gaps: gaps.slice(-MOST_GAPS), ...(open && { open }) }
  }
  const began = clock.now()
  for (let n = 0, nextLineMs = 1_000; !signal.aborted; n += 1) {
    sentMs.push(clock.now())
    flow.send(n, aim.bytes)
    // By the time since the beginning, so that a late turn is made up for.
    await clock.sleep(Math.max(1, began + (n + 1) * everyMs - clock.now()), signal)
    if (clock.now() - began < nextLineMs) continue
    print(context, state())
    nextLineMs += 1_000
  }
  flow.close()
}

const print = ({ stdout }: Context, line: AimResult | FlowState): void => void stdout.write(`${JSON.stringify(line)}\n`)

const aimOf = (text: string): Aim => named(text, parseAim, 'aim')

function named<T>(text: string, parse: (text: string) => T, flag: string): T {
  try {
    return parse(text)
  } catch (error) {
    throw usage(messageOf(error), flag)
  }
}
