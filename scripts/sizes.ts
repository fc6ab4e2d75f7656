// Prints the weight of each part by what it is made of; see scripts/sizes.
import { build } from 'esbuild'
import { PARTS, partOptions } from './parts.ts'

const { metafile } = await build({ ...partOptions('dist', 'sizes'), write: false, metafile: true })

for (const part of PARTS) {
  const output = Object.entries(metafile?.outputs ?? {}).find(([path]) => path.endsWith(`/${part}.cjs`))?.[1]
  if (output === undefined) continue
  const weights = new Map<string, number>()
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    const name = ownerOf(path)
    weights.set(name, (weights.get(name) ?? 0) + bytesInOutput)
  }
  console.log(`${part}: ${kilo(output.bytes)} KB`)
  for (const [name, bytes] of [...weights].sort(([, a], [, b]) => b - a).slice(0, 20)) console.log(`${kilo(bytes).padStart(8)}  ${name}`)
}

/** The library, or the room of src. */
function ownerOf(path: string): string {
  const library = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
  return library ?? path.split('/').slice(0, 2).join('/')
}

function kilo(bytes: number): string {
  return (bytes / 1000).toFixed(1)
}
