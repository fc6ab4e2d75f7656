// Secrets as a kubelet mounts them: names are links into a folder that is itself a link, and a rotation swaps that one.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'
import { given } from '../../src/commands/cli/given.ts'
import { ENGINE_COMMANDS } from '../../src/commands/cli/specs/engine.ts'
import { brokerAccess, pskReader } from '../../src/commands/engine/settings.ts'
import { fileAccess } from '../../src/k8s/incluster.ts'
import { realFiles } from '../../src/system/files.ts'

const folder = mkdtempSync(join(tmpdir(), 'subctl-mounted-'))
afterAll(() => rmSync(folder, { recursive: true }))

let version = 0
/** What the kubelet does, the first time and when the Secret has changed. */
function mount(data: Readonly<Record<string, string>>): void {
  const now = `..version-${version++}`
  mkdirSync(join(folder, now))
  for (const [name, text] of Object.entries(data)) writeFileSync(join(folder, now, name), text)
  symlinkSync(now, join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  if (version === 1) for (const name of Object.keys(data)) symlinkSync(join('..data', name), join(folder, name))
  else rmSync(join(folder, `..version-${version - 2}`), { recursive: true })
}

it('tokens, authorities and the pre-shared key are read again once they are swapped', async () => {
  mount({ token: 'first', 'ca.crt': 'PEM 1', psk: 'key 1' })
  const argv = { 'broker-url': 'broker.example:6443', 'broker-secrets-dir': folder, 'psk-file': join(folder, 'psk') }
  const flags = given(ENGINE_COMMANDS[0]?.flags ?? [], argv, [], {})
  const world = { env: {}, files: realFiles }
  const broker = brokerAccess(flags, world)
  const psk = pskReader(flags, world)
  // As podAccess() opens the API of the pod's own cluster.
  const own = fileAccess({ server: 'https://10.0.0.1:443', token: join(folder, 'token'), ca: join(folder, 'ca.crt') }, realFiles)
  const seen = async () => [await broker?.credentials(), await own.credentials(), Buffer.from(await psk(), 'base64').toString()]
  const first = { token: 'first', ca: 'PEM 1' }
  expect(await seen()).toEqual([first, first, 'key 1'])
  mount({ token: 'second', 'ca.crt': 'PEM 2', psk: 'key 2' })
  const second = { token: 'second', ca: 'PEM 2' }
  expect(await seen()).toEqual([second, second, 'key 2'])
})
