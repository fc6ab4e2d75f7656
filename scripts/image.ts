// Writes an OCI image layout of one image: `image.ts FOLDER ARCH COMMIT SECONDS LAYER.tar...`, the lowest layer first. The same input
// gives the same bytes. What it writes is said by the OCI image specification 1.0.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}
const TYPE = 'application/vnd.oci.image'

const [folder = '', arch = '', commit = '', seconds = '', ...tars] = process.argv.slice(2)
const { version, description } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly version: string
  readonly description?: string
}
const created = new Date(Number(seconds) * 1000).toISOString().replace('.000', '')
mkdirSync(join(folder, 'blobs', 'sha256'), { recursive: true })

const layers = tars.map((tar) => {
  const content = readFileSync(tar)
  return { diffId: digestOf(content), descriptor: putBlob(`${TYPE}.layer.v1.tar+gzip`, gzipSync(content, { level: 9 })) }
})
const config = putBlob(`${TYPE}.config.v1+json`, jsonOf(configOf(layers.map(({ diffId }) => diffId))))
const manifestType = `${TYPE}.manifest.v1+json`
const manifest = putBlob(
  manifestType,
  jsonOf({ schemaVersion: 2, mediaType: manifestType, config, layers: layers.map(({ descriptor }) => descriptor), annotations: labels() }),
)
const named = {
  ...manifest,
  platform: { architecture: arch, os: 'linux' },
  annotations: { 'org.opencontainers.image.ref.name': version, 'io.containerd.image.name': `localhost/subctl:${version}` },
}
writeFileSync(join(folder, 'index.json'), jsonOf({ schemaVersion: 2, mediaType: `${TYPE}.index.v1+json`, manifests: [named] }))
writeFileSync(join(folder, 'oci-layout'), jsonOf({ imageLayoutVersion: '1.0.0' }))

function configOf(diffIds: readonly string[]): object {
  return {
    created,
    architecture: arch,
    os: 'linux',
    config: {
      Entrypoint: ['subctl'],
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      WorkingDir: '/',
      Labels: labels(),
    },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: [
      { created, created_by: 'scripts/image: the Debian packages of scripts/image-packages' },
      { created, created_by: 'scripts/image: the binary' },
    ],
  }
}

function labels(): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.created': created,
    'org.opencontainers.image.description': description ?? 'Connects the pods and services of Kubernetes clusters',
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'org.opencontainers.image.revision': commit,
    'org.opencontainers.image.title': 'subctl',
    'org.opencontainers.image.version': version,
  }
}

function putBlob(mediaType: string, content: Buffer): Descriptor {
  const digest = digestOf(content)
  writeFileSync(join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length)), content)
  return { mediaType, digest, size: content.length }
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

function jsonOf(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}
