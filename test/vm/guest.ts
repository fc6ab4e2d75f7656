// Tests inside a virtual machine: a program of ours runs there and prints `ok WHAT` for each thing that holds.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeAll, expect, it } from '@jest/globals'

const BOOT_LIMIT_MS = 900_000

export interface Guest {
  /** The program, a TypeScript file of this repository. */
  readonly program: string
  /** Kernel modules that it needs. */
  readonly modules: string
  /** What it must say, each a test. */
  readonly says: readonly string[]
}

/** Boots the machine once, runs the program there, and makes a test of each thing that it must say. */
export function describeGuest(title: string, { program, modules, says }: Guest): void {
  let lines: readonly string[] = []
  beforeAll(async () => {
    lines = await runGuest(program, modules)
  }, BOOT_LIMIT_MS)
  it.each(says)(`${title}: %s`, (what) => {
    expect(lines).toContain(`ok ${what}`)
  })
}

async function runGuest(program: string, modules: string): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'subctl-vm-'))
  const script = join(folder, 'guest.sh')
  const steps = [
    `cd ${resolve('.')}`,
    'source scripts/env.sh',
    `modprobe -a ${modules}`,
    'ip link set lo up',
    `node --no-warnings ${program}`,
  ]
  try {
    await writeFile(script, `#!/bin/bash\nset -e\n${steps.join('\n')}\n`, { mode: 0o755 })
    return (await outputOf('scripts/vm', [script])).replaceAll('\r', '').split('\n')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function outputOf(command: string, args: readonly string[]): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        text += String(chunk)
      })
    child.on('error', failed)
    child.on('close', () => done(text))
  })
}
