// Kernel ESP and XFRM interfaces, in a virtual machine whose kernel has them. `scripts/jest vm`; about two minutes.
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
  const modules = 'esp4 xfrm_user xfrm_interface veth bridge tun seqiv echainiv authenc gcm cbc sha256_generic'
  await writeFile(
    script,
    `#!/bin/bash\nset -e\ncd ${root}\nsource scripts/env.sh\nmodprobe -a ${modules}\nip link set lo up\nnode --no-warnings test/dataplane/ipsec/esp-guest.ts\n`,
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
  'the probe finds ESP in the kernel',
  'ESP in UDP carries packets',
  'ESP is in UDP',
  'charon makes no route and no rule',
  'a second pass changes nothing',
  'rekeying loses no packet',
  'plain ESP carries packets after a change of the setting',
  'charon killed: its SAs are swept, and new ones carry packets',
  'without tunnels nothing gets through the device',
  'clean-up leaves nothing in the kernel',
  'everything ends',
])('with ESP in the kernel: %s', (what) => {
  expect(output.split('\n')).toContain(`ok ${what}`)
})
