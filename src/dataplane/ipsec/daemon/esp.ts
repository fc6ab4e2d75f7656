import type { Argv, Exec } from '../../../system/exec.ts'
import type { EspMode } from './charon-conf.ts'

// An address of TEST-NET-1, never of a peer; the SA and the device are gone again at once.
const PROBE_SA = ['src', '192.0.2.1', 'dst', '192.0.2.2', 'proto', 'esp', 'spi', '0x53756201', 'mode', 'tunnel'] as const
const PROBE_KEY = `0x${'00'.repeat(20)}`
/** The first SA makes the kernel load and test its ciphers. */
const PROBE_MS = 60_000
const PROBE_DEVICE = 'subm-probe'

/** Which ESP this machine has: the kernel's where it knows AES-GCM and XFRM interfaces, else the one in charon; with what is missing, in words. */
export async function probeEsp(exec: Exec): Promise<{ readonly esp: EspMode; readonly why: string }> {
  const sa = await tried(exec, ['ip', 'xfrm', 'state', 'add', ...PROBE_SA, 'aead', 'rfc4106(gcm(aes))', PROBE_KEY, '128'])
  if (sa !== undefined) return { esp: 'userspace', why: `the kernel has no ESP with AES-GCM: ${sa}` }
  await exec(['ip', 'xfrm', 'state', 'delete', ...PROBE_SA.slice(0, 8)])
  const device = await tried(exec, ['ip', 'link', 'add', PROBE_DEVICE, 'type', 'xfrm', 'dev', 'lo', 'if_id', '1396531713'])
  if (device !== undefined) return { esp: 'userspace', why: `the kernel has no XFRM interfaces: ${device}` }
  await exec(['ip', 'link', 'del', PROBE_DEVICE])
  return { esp: 'kernel', why: 'the kernel has ESP with AES-GCM and XFRM interfaces' }
}

/** Why this process cannot have a TUN device, which ESP in charon needs; undefined where it can. */
export async function tunMissing(exec: Exec): Promise<string | undefined> {
  const device = `dev ${PROBE_DEVICE} mode tun`
  return await tried(exec, ['ip', '-batch', '-'], `tuntap add ${device}\ntuntap del ${device}\n`)
}

async function tried(exec: Exec, argv: Argv, input = ''): Promise<string | undefined> {
  const { code, stderr } = await exec(argv, { okCodes: [0, 1, 2, 255], timeoutMs: PROBE_MS, input })
  return code === 0 ? undefined : (stderr.trim().split('\n')[0] ?? `exit ${code}`)
}
