// Whether charon answers: what the kubelet is told of it.
import { viciPathOf } from '../../dataplane/ipsec/daemon/charon.ts'
import { connectVici } from '../../dataplane/ipsec/vici/vici.ts'
import { messageOf } from '../../model/errors.ts'
import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../system/log.ts'
import { runLoop } from '../../system/loop.ts'
import type { OpenLocalSocket } from '../../system/unix-socket.ts'

export interface CharonWatch {
  readonly notReady: () => string | undefined
  readonly answeredAt: () => number
  /** A charon that hangs for so long holds no tunnel that a restart could harm. */
  readonly notLive: () => string | undefined
  readonly ended: Promise<void>
}
export interface CharonWatchOptions {
  readonly runDir: string
  readonly clock: Clock
  readonly log: Log
  readonly openSocket: OpenLocalSocket
  readonly signal: AbortSignal
}

const LOOK_MS = 2_000
const ANSWER_MS = 5_000
const STUCK_MS = 120_000

/** Asks charon from time to time. */
export function watchCharon({ runDir, clock, log, openSocket, signal }: CharonWatchOptions): CharonWatch {
  let answeredAt = clock.now()
  let problem: string | undefined = 'charon is starting'
  const pass = async (): Promise<void> => {
    try {
      using vici = await connectVici({ path: viciPathOf(runDir), openSocket, timeoutMs: ANSWER_MS })
      await vici.request('version')
      answeredAt = clock.now()
      problem = undefined
    } catch (error) {
      problem = `charon does not answer: ${messageOf(error)}`
    }
  }
  const { ended } = runLoop(pass, {
    name: 'charon-watch',
    clock,
    log,
    signal,
    resyncMs: LOOK_MS,
    backoff: { firstMs: LOOK_MS, mostMs: LOOK_MS },
  })
  return {
    notReady: () => problem,
    answeredAt: () => answeredAt,
    notLive: () => (clock.now() - answeredAt > STUCK_MS ? problem : undefined),
    ended,
  }
}
