// Real control planes of one test file, and commands run against them as the binary would.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from '@jest/globals'
import { main } from '../../src/commands/cli/main.ts'
import type { KubeOptions } from '../../src/commands/context.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { fixedAccess } from '../../src/k8s/access.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { openApi } from '../../src/k8s/client.ts'
import { fakeWorld } from '../fakes/context.ts'
import { type ControlPlane, type ControlPlaneOptions, controlPlaneMissing, startControlPlane } from './control-plane.ts'

/** `describe`, or where no control plane can be started one that skips and says why. */
export function describePlanes(title: string, tests: () => void): void {
  const why = controlPlaneMissing()
  if (why === undefined) describe(title, tests)
  else describe.skip(`${title} (skipped: ${why})`, tests)
}

/** Starts a control plane for each name before the tests of the describe block, and stops them after. */
export function planes<N extends string>(names: readonly N[], more: Partial<ControlPlaneOptions> = {}): Readonly<Record<N, ControlPlane>> {
  const started = {} as Record<N, ControlPlane>
  const folder = mkdtempSync(join(tmpdir(), 'subctl-planes-'))
  beforeAll(async () => {
    await Promise.all(
      names.map(async (name) => {
        started[name] = await startControlPlane({ folder: join(folder, name), ...more })
      }),
    )
  }, 240_000)
  afterAll(async () => {
    await Promise.all(Object.values<ControlPlane>(started).map((plane) => plane.stop()))
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)
  return started
}

/** Where an API is and how it is opened. */
export interface Place {
  readonly server: string
  readonly ca: string
  readonly token: string
}

export const openPlace = ({ server, ca, token }: Place): KubeApi => openApi(fixedAccess(server, { ca, token }))

export interface Laptop {
  /** Contexts of the kubeconfig; "" is the current one. */
  readonly contexts: Readonly<Record<string, Place>>
  /** What the name of a host means, as a resolver would say it: `https://broker.example:6443` to a real server. */
  readonly hosts?: Readonly<Record<string, string>>
  /** The name that a host's certificate must hold. Default: localhost, which those of tests do. */
  readonly certificateName?: string
  /** Files by path; what commands write is added. */
  readonly files: Map<string, string>
  readonly answers?: readonly string[]
  /** SIGTERM comes when the command says this. */
  readonly endAt?: string
  /** Between the command and every API that it opens. */
  readonly between?: (api: KubeApi) => KubeApi
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** What ran, where it went well; else throws. */
export function done(ran: Ran): Ran {
  if (ran.code !== 0) throw new Error(`exit ${ran.code}: ${ran.out}\n${ran.err}`)
  return ran
}

/** Runs a command line on a laptop. */
export async function runOn(laptop: Laptop, line: string): Promise<Ran> {
  const world = fakeWorld({ ...(laptop.answers && { answers: laptop.answers }), files: Object.fromEntries(laptop.files) })
  const between = laptop.between ?? ((api: KubeApi) => api)
  const kube = async (options: KubeOptions): Promise<KubeApi> => between(await open(options))
  const open = async ({ access, context = '' }: KubeOptions): Promise<KubeApi> => {
    if (access !== undefined) {
      // No test speaks to an address of documentation: nobody is there.
      const server = laptop.hosts?.[access.server] ?? (access.server.startsWith('https://192.0.2.') ? 'https://127.0.0.1:1' : undefined)
      return openApi(server === undefined ? access : { ...access, server, tlsServerName: laptop.certificateName ?? 'localhost' })
    }
    const place = laptop.contexts[context]
    if (place === undefined) throw new Error(`this laptop has no context "${context}"`)
    return openPlace(place)
  }
  const stderr = {
    ...world.context.stderr,
    write: (text: string) => {
      if (laptop.endAt !== undefined && text.includes(laptop.endAt)) world.end()
      return world.context.stderr.write(text)
    },
  }
  const code = await main(line.split(' '), { ...world.context, stderr, kube }, laptopRuns)
  laptop.files.clear()
  for (const [path, text] of world.files) laptop.files.set(path, text)
  return { code, out: world.out(), err: world.err() }
}
