// A second build of the same sources, and an image of it: what an upgrade goes to and fro between.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { exec } from '../../src/system/exec.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** What scripts/image makes. */
export const IMAGE = join(ROOT, 'dist', 'subctl-image-amd64.tar')
/** What the other build says in place of its commit. */
const COMMIT = 'other'
export const OTHER_IMAGE = 'localhost/subctl:other'

/** Builds the sources once more, so that the binary and every part of it say another version, and packs it. Gives the archive, in the folder that this makes. */
export async function buildOther(folder: string): Promise<string> {
  await mkdir(folder)
  const env = { SUBCTL_DIST: join(folder, 'dist'), SUBCTL_COMMIT: COMMIT }
  await exec([join(ROOT, 'scripts', 'build')], { timeoutMs: 300_000, env })
  const layout = join(folder, 'layout')
  await mkdir(layout)
  await exec(['tar', '-C', layout, '-xf', IMAGE], { timeoutMs: 60_000 })
  await withBinary(layout, join(folder, 'dist'))
  const out = join(folder, 'other.tar')
  await exec(['tar', '-C', layout, '-cf', out, 'oci-layout', 'index.json', 'blobs'], { timeoutMs: 60_000 })
  return out
}

/** Puts another binary in place of the uppermost layer of an OCI layout of one image. */
async function withBinary(layout: string, dist: string): Promise<void> {
  const layer = join(layout, 'layer.tar')
  const owned = ['--owner=0', '--group=0', '--numeric-owner', '--mode=755', '--transform=s,^,usr/local/bin/,']
  await exec(['tar', '-C', dist, ...owned, '-cf', layer, 'subctl'], { timeoutMs: 60_000 })
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as Index
  const { manifest, config } = await readImage(layout, index)
  const next = otherImage({ manifest, config }, await putBlob(layout, layer))
  const putJson = async (value: unknown): Promise<Blob> => {
    const file = join(layout, 'new.json')
    await writeFile(file, JSON.stringify(value))
    return putBlob(layout, file)
  }
  const ofConfig = { ...manifest.config, ...(await putJson(next.config)) }
  const ofManifest = await putJson({ ...next.manifest, config: ofConfig })
  await writeFile(join(layout, 'index.json'), JSON.stringify(otherIndex(index, ofManifest)))
}

/** Content by its digest. */
export interface Blob {
  readonly digest: string
  readonly size: number
}
interface Described extends Blob {
  readonly mediaType: string
}
export interface Index {
  readonly manifests: readonly (Described & { readonly annotations?: Readonly<Record<string, string>> })[]
}
export interface Image {
  readonly manifest: { readonly config: Described; readonly layers: readonly Described[] }
  readonly config: { readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] } }
}

/** The same image with another uppermost layer, which is a plain tar: its digest is its id too. */
export function otherImage({ manifest, config }: Image, layer: Blob): Image {
  const mediaType = 'application/vnd.oci.image.layer.v1.tar'
  return {
    manifest: { ...manifest, layers: [...manifest.layers.slice(0, -1), { mediaType, ...layer }] },
    config: { ...config, rootfs: { ...config.rootfs, diff_ids: [...config.rootfs.diff_ids.slice(0, -1), layer.digest] } },
  }
}

/** The index of one image, under the other build's name. */
export function otherIndex(index: Index, manifest: Blob): Index {
  const annotations = { 'io.containerd.image.name': OTHER_IMAGE }
  return { ...index, manifests: index.manifests.map((one) => ({ ...one, ...manifest, annotations })) }
}

async function readImage(layout: string, { manifests }: Index): Promise<Image> {
  const blob = async (digest = ''): Promise<unknown> => JSON.parse(await readFile(blobFile(layout, digest), 'utf8'))
  const manifest = (await blob(manifests[0]?.digest)) as Image['manifest']
  return { manifest, config: (await blob(manifest.config.digest)) as Image['config'] }
}

const blobFile = (layout: string, digest: string): string => join(layout, 'blobs', ...digest.split(':'))

/** Moves a file to where its content belongs. */
async function putBlob(layout: string, file: string): Promise<Blob> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  const digest = `sha256:${hash.digest('hex')}`
  const { size } = await stat(file)
  await rename(file, blobFile(layout, digest))
  return { digest, size }
}
