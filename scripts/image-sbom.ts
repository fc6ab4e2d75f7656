// Reads dpkg's status file and writes what is in the image as SPDX 2.3: `image-sbom.ts ARCH COMMIT SECONDS <status`. The libraries are
// those of the lock file that are not for development alone; the bundler leaves out what nothing uses.
import { readFileSync } from 'node:fs'

interface Part {
  readonly name: string
  readonly version: string
  readonly purl: string
}

const [arch = '', commit = '', seconds = ''] = process.argv.slice(2)
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly name: string; readonly version: string }
const parts = [
  { name, version, purl: `pkg:generic/${name}@${version}?vcs_revision=${commit}` },
  { name: 'node', version: process.versions.node, purl: `pkg:generic/node@${process.versions.node}` },
  ...debianParts(readFileSync(0, 'utf8')),
  ...libraries(readFileSync('package-lock.json', 'utf8')),
]
process.stdout.write(`${JSON.stringify(document(parts), null, 2)}\n`)

function debianParts(status: string): readonly Part[] {
  return status
    .split('\n\n')
    .map((stanza) => Object.fromEntries([...stanza.matchAll(/^(\w+): (.*)$/gm)].map(([, key = '', value = '']) => [key, value])))
    .filter(({ Status }) => Status === 'install ok installed')
    .map(({ Package = '', Version = '', Architecture = '' }) => ({
      name: Package,
      version: Version,
      purl: `pkg:deb/debian/${Package}@${encodeURIComponent(Version)}?arch=${Architecture}`,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function libraries(lock: string): readonly Part[] {
  const { packages } = JSON.parse(lock) as {
    readonly packages: Readonly<Record<string, { readonly version?: string; readonly dev?: boolean; readonly optional?: boolean }>>
  }
  return Object.entries(packages)
    .filter(([path, { dev, optional }]) => path !== '' && dev !== true && optional !== true)
    .map(([path, library]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
      return { name, version: library.version ?? '', purl: `pkg:npm/${name.replace('@', '%40')}@${library.version}` }
    })
}

function document(all: readonly Part[]): object {
  const packages = all.map(({ name, version, purl }, index) => ({
    SPDXID: `SPDXRef-${index}`,
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  }))
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${name}-image-${arch}`,
    documentNamespace: `urn:subctl:image:${version}:${commit}:${arch}`,
    creationInfo: { created: timeOf(seconds), creators: ['Tool: subctl-scripts-image'] },
    packages,
    relationships: packages.map(({ SPDXID }) => ({
      spdxElementId: 'SPDXRef-DOCUMENT',
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: SPDXID,
    })),
  }
}

function timeOf(unix: string): string {
  return new Date(Number(unix) * 1000).toISOString().replace('.000', '')
}
