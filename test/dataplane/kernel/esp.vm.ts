// Nodes under their plans with ESP in the kernel: packets pass our filters twice, before and after they are led to the SA. `scripts/jest vm`.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'

const root = resolve('.')
let folder = ''
let output = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'subctl-vm-'))
  const script = join(folder, 'guest.sh')
  const modules = 'esp4 xfrm_user xfrm_interface veth bridge tun seqiv gcm'
  await writeFile(
    script,
    `#!/bin/bash\nset -e\ncd ${root}\nsource scripts/env.sh\nmodprobe -a ${modules}\nip link set lo up\nnode --no-warnings test/dataplane/kernel/esp-guest.ts\n`,
    { mode: 0o755 },
  )
  output = await new Promise<string>((done, failed) => {
    const vm = spawn('scripts/vm', [script], { stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [vm.stdout, vm.stderr]) stream.on('data', (chunk) => (text += String(chunk)))
    vm.on('error', failed)
    vm.on('close', () => done(text.replaceAll('\r', '')))
  })
}, 900_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

it.each([
  'pods and hosts reach each other',
  'without SAs and policies nothing leaves',
  'nor does anything without the device',
  'without us it does',
])('with ESP in the kernel: %s', (what) => {
  expect(output.split('\n')).toContain(`ok ${what}`)
})
