// The same image with another binary, under another name: `image-swap.ts FROM.tar BINARY NAME OUT.tar`. Both are OCI archives; the layers below the
// binary's stay as they are, and the binary's is not compressed: it is made to be tried on this machine.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}
interface Manifest {
  readonly layers: readonly Descriptor[]
  readonly annotations?: object
}
interface Config {
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] }
}

const [from = '', binary = '', name = '', out = ''] = process.argv.slice(2)
const work = mkdtempSync(join(tmpdir(), 'subctl-swap-'))

function swap(folder: string): void {
  mkdirSync(folder)
  execFileSync('tar', ['-C', folder, '-xf', from])
  const index = readJson<{ readonly manifests: readonly [Descriptor] }>(join(folder, 'index.json'))
  const [described] = index.manifests
  const manifest = readJson<Manifest & { readonly config: Descriptor }>(blob(folder, described.digest))
  const config = readJson<Config>(blob(folder, manifest.config.digest))
  const layer = putBlob(folder, 'application/vnd.oci.image.layer.v1.tar', layerOf(binary))
  const { rootfs } = config
  const former = manifest.layers.at(-1)
  if (former !== undefined) rmSync(blob(folder, former.digest))
  const newConfig = putJson(folder, manifest.config.mediaType, {
    ...config,
    rootfs: { ...rootfs, diff_ids: [...rootfs.diff_ids.slice(0, -1), layer.digest] },
  })
  const newManifest = putJson(folder, described.mediaType, {
    ...manifest,
    config: newConfig,
    layers: [...manifest.layers.slice(0, -1), layer],
  })
  const annotations = { 'org.opencontainers.image.ref.name': name.split(':')[1] ?? 'latest', 'io.containerd.image.name': name }
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ ...index, manifests: [{ ...described, ...newManifest, annotations }] }))
  execFileSync('tar', ['-C', folder, '-cf', `${out}.new`, 'oci-layout', 'index.json', 'blobs'])
  renameSync(`${out}.new`, out)
}

function layerOf(program: string): Buffer {
  const root = join(work, 'root')
  mkdirSync(join(root, 'usr', 'local', 'bin'), { recursive: true })
  mkdirSync(join(root, 'dev'))
  cpSync(program, join(root, 'usr', 'local', 'bin', 'subctl'))
  const tar = join(work, 'layer.tar')
  execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '--mode=a+rX,go-w', '-cf', tar, 'dev', 'usr'])
  return readFileSync(tar)
}

function putBlob(folder: string, mediaType: string, content: Buffer): Descriptor {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  writeFileSync(blob(folder, digest), content)
  return { mediaType, digest, size: content.length }
}
const putJson = (folder: string, mediaType: string, value: object): Descriptor =>
  putBlob(folder, mediaType, Buffer.from(JSON.stringify(value)))

const blob = (folder: string, digest: string): string => join(folder, 'blobs', ...digest.split(':'))
const readJson = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T

try {
  swap(join(work, 'image'))
} finally {
  rmSync(work, { recursive: true, force: true })
}
