// The archive of scripts/image, read by a tool of others and unpacked; programs run in it as a container engine runs them.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '../../src/system/exec.ts'

export const ARCH = process.arch === 'x64' ? 'amd64' : process.arch
export const ARCHIVE = `dist/subctl-image-${ARCH}.tar`

export interface Unpacked {
  readonly root: string
  remove(): void
}

export async function makeImage(): Promise<void> {
  await exec(['scripts/image', ARCH], { timeoutMs: 900_000 })
}

export async function inspect(...more: string[]): Promise<unknown> {
  const { stdout } = await exec(['skopeo', 'inspect', ...more, `oci-archive:${ARCHIVE}`])
  return JSON.parse(stdout)
}

/** skopeo checks every digest; a layer's files are unpacked over those of the layers below. */
export async function unpack(): Promise<Unpacked> {
  const folder = mkdtempSync(join(tmpdir(), 'subctl-image-'))
  const [copy, root] = [join(folder, 'copy'), join(folder, 'root')]
  await exec(['skopeo', '--insecure-policy', 'copy', '--quiet', `oci-archive:${ARCHIVE}`, `dir:${copy}`], { timeoutMs: 120_000 })
  const { layers } = JSON.parse(readFileSync(join(copy, 'manifest.json'), 'utf8')) as { readonly layers: readonly { digest: string }[] }
  mkdirSync(root)
  for (const { digest } of layers) await exec(['tar', '-xzf', join(copy, digest.replace('sha256:', '')), '-C', root])
  return { root, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/**
 * The command line that runs a program in namespaces of its own: nothing can be written but /run, /dev has what a container has and
 * /dev/net/tun, and of root's rights NET_ADMIN and NET_RAW alone are left.
 */
function confined(root: string, argv: readonly string[]): readonly string[] {
  const script = `set -e
    mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"
    mount -t proc proc "$0/proc"; mount -t tmpfs tmpfs "$0/run"; mount -t tmpfs tmpfs "$0/dev"
    mkdir "$0/dev/net"
    for device in null zero random urandom net/tun; do : >"$0/dev/$device"; mount --bind "/dev/$device" "$0/dev/$device"; done
    ip link set lo up
    caps=-all,+net_admin,+net_raw
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
      chroot "$0" setpriv --bounding-set "$caps" --inh-caps "$caps" --no-new-privs "$@"`
  return ['--net', '--mount', '--pid', '--fork', '--kill-child', 'bash', '-c', script, root, ...argv]
}

export function run(root: string, ...argv: string[]): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync('unshare', confined(root, argv), { encoding: 'utf8', timeout: 60_000 })
  return { status, text: stdout + stderr }
}

export interface Running {
  readonly ended: Promise<number | null>
  log(): string
  /** Runs a program of the image beside it, in the same namespaces of network and mounts. */
  beside(...argv: string[]): Promise<string>
  /** The first process inside, by its number outside. */
  pid(): number
  kill(): void
}

export function start(root: string, ...argv: string[]): Running {
  const child: ChildProcess = spawn('unshare', confined(root, argv), { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)))
  return {
    ended: new Promise((resolve) => child.on('exit', resolve)),
    log: () => text,
    beside: async (...more) => (await exec(['nsenter', '-t', String(child.pid), '-m', '-n', 'chroot', root, ...more])).stdout,
    pid: () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()),
    kill: () => void child.kill('SIGKILL'),
  }
}
