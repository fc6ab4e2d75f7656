// Tests inside a virtual machine: a program of ours runs there and prints `ok WHAT` for each thing that holds.
import { spawn, spawnSync } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { beforeAll, describe, expect, it } from '@jest/globals'

const BOOT_LIMIT_MS = 1_500_000
const PREPARE_MS = 900_000

export interface Guest {
  /** The program, a TypeScript file of this repository. */
  readonly program: string
  /** Kernel modules that it needs. */
  readonly modules: string
  /** What it must say, each a test. */
  readonly says: readonly string[]
  /** The machine is powered off after this time. */
  readonly limitSeconds?: number
}

/** Boots the machine once, runs the program there, and makes a test of each thing that it must say. Skipped, with the reason, where there is no machine. */
export function describeGuest(title: string, guest: Guest): void {
  const missing = whyNoMachine()
  const describeHere = missing === undefined ? describe : describe.skip
  describeHere(missing === undefined ? title : `${title} (skipped: ${missing})`, () => {
    let lines: readonly string[] = []
    beforeAll(async () => {
      lines = await runGuest(guest)
    }, BOOT_LIMIT_MS)
    it.each(guest.says)('%s', (what) => {
      const said = lines.find((line) => line === `ok ${what}` || line.startsWith(`failed ${what}: `))
      expect(said ?? `nothing; its last words: ${lines.slice(-4).join(' | ')}`).toBe(`ok ${what}`)
    })
  })
}

/** Why qemu or the kernel cannot be had; undefined where they are there. */
function whyNoMachine(): string | undefined {
  const { status, stderr, error } = spawnSync('scripts/vm', ['--prepare'], { encoding: 'utf8', timeout: PREPARE_MS })
  if (status === 0) return undefined
  return error?.message ?? stderr.trim().split('\n').at(-1) ?? `scripts/vm --prepare: exit ${status}`
}

async function runGuest({ program, modules, limitSeconds = 600 }: Guest): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'subctl-vm-'))
  try {
    const [bundle, binary, script] = ['program.mjs', 'subctl', 'guest.sh'].map((name) => join(folder, name)) as [string, string, string]
    const made = await linesOf(process.execPath, ['test/vm/bundle.mjs', program, bundle])
    if (made.length > 0) throw new Error(made.join('\n'))
    // What the machine has read of a file it keeps: it gets one that nobody builds anew meanwhile.
    await copyFile('dist/subctl', binary)
    const steps = [
      `cd ${resolve('.')}`,
      'source scripts/env.sh',
      `modprobe -a ${modules}`,
      'ip link set lo up',
      `mount --bind ${binary} dist/subctl`,
      // Labs of the machine outside are not this one's to sweep.
      'mkdir -p /tmp/subctl-labs && mount -t tmpfs labs /tmp/subctl-labs',
      `node --no-warnings ${bundle}`,
    ]
    await writeFile(script, `#!/bin/bash\nset -e\n${steps.join('\n')}\n`, { mode: 0o755 })
    return await linesOf('scripts/vm', [script], { VM_SECONDS: String(limitSeconds) })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a program prints, which is also shown as it comes: in a slow machine one wants to know how far it is. */
function linesOf(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    const lines: string[] = []
    const readers = [child.stdout, child.stderr].map((input) => createInterface({ input }))
    for (const reader of readers)
      reader.on('line', (text) => {
        const line = text.replaceAll('\r', '')
        lines.push(line)
        process.stdout.write(`    vm: ${line.trim().slice(0, 400)}\n`)
      })
    child.on('error', failed)
    child.on('close', () => done(lines))
  })
}
