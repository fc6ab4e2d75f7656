import type { Access } from '../k8s/access.ts'
import type { KubeApi } from '../k8s/api.ts'
import type { Clock } from '../system/clock.ts'
import type { Exec } from '../system/exec.ts'
import type { Files } from '../system/files.ts'
import type { Follow } from '../system/follow.ts'
import type { Log } from '../system/log.ts'
import type { Ask } from '../system/terminal.ts'
import type { Journal } from './cli/journal.ts'

export interface Output {
  write(text: string): unknown
  /** Whether a person looks at it. */
  readonly isTty: boolean
  readonly columns: number
}

export interface KubeOptions {
  readonly kubeconfig?: string
  readonly context?: string
  /** An API by its address and credential, such as a broker's, instead of a kubeconfig's. */
  readonly access?: Access
  /** Whether requests go on after SIGTERM, for a process that has something to hand over. Default: what is under way ends with the signal. */
  readonly isLasting?: boolean
}

/** The world as a command sees it. bin/ makes the real one; a test makes its own (test/fakes/context.ts). */
export interface Context {
  readonly stdout: Output
  readonly stderr: Output
  /** One line from the terminal's user; undefined where nobody can be asked. */
  readonly ask: Ask | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by SIGTERM and SIGINT. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
  readonly exec: Exec
  readonly follow: Follow
  readonly files: Files
  /** The API of the access or, without one, that a kubeconfig names or, without one and in a pod, the pod's own. Throws UserError. */
  readonly kube: (options: KubeOptions) => Promise<KubeApi>
  /** The binary's version, such as `0.1.0+1a2b3c4`. */
  readonly version: string
  /** This machine's name. */
  readonly hostname: string
  /** What the command has done so far; main gives it. */
  readonly journal?: Journal
}
