// The direction of imports is part of the design: a folder may import itself and what stands here, nothing else. The text is read, so that
// import(), type-only and bare imports count too.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: ['zod/mini', 'ipaddr.js'],
  system: ['model', 'node:*', 'execa', 'pino', '@prometheus-io/client'],
  k8s: ['model', 'system'],
  dataplane: ['model', 'system', 'protobufjs/light.js'],
  broker: ['model', 'system', 'k8s', 'yaml', 'zod/mini', 'manifests'],
  discovery: ['model', 'system', 'k8s', 'dns-packet'],
  install: ['model', 'system', 'k8s', 'yaml', 'manifests'],
  checks: ['model', 'system', 'k8s'],
  apiserver: ['model', 'system', 'fastify', 'ajv', 'ajv/*', 'ajv-formats', '@peculiar/x509', 'reflect-metadata', 'yaml', 'manifests'],
  commands: [
    'model',
    'system',
    'k8s',
    'dataplane',
    'broker',
    'discovery',
    'install',
    'checks',
    'apiserver',
    'commander',
    'chalk',
    'ora',
    'cli-table3',
    'yaml',
    'manifests',
  ],
}
/** Libraries that one file alone may load. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  'src/k8s/kubeconfig.ts': ['@kubernetes/client-node'],
  'src/k8s/yaml.ts': ['yaml'],
  'src/apiserver/storage/database.ts': ['node:sqlite'],
}

const importsOf = (file: string): string[] =>
  [
    ...readFileSync(file, 'utf8').matchAll(
      /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s+['"]([^'"]+)['"]|(?:^|\n)\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
    ),
  ].map((m) => m[1] ?? m[2] ?? m[3] ?? '')
const roomOf = (path: string): string => (path.startsWith('src/') ? (path.split('/')[1] ?? '') : (path.split('/')[0] ?? ''))
const resolved = (file: string, from: string): string => (from.startsWith('.') ? normalize(join(dirname(file), from)) : from)
const matches = (allowed: string, from: string): boolean =>
  allowed.endsWith('*') ? from.startsWith(allowed.slice(0, -1)) : allowed === from

const files = globSync('src/**/*.ts').sort()

describe('every file of src imports only what its room may', () => {
  for (const file of files) {
    it(file, () => {
      const room = roomOf(file)
      const allowed = [...(MAY_IMPORT[room] ?? []), ...(ALSO[file] ?? [])]
      const wrong = importsOf(file).filter((from) => {
        const target = resolved(file, from)
        const name = from.startsWith('.') ? roomOf(target) : target
        return !(from.startsWith('.') && name === room) && !allowed.some((a) => matches(a, name))
      })
      expect(wrong).toEqual([])
    })
  }
})

it('there is no circle of imports', () => {
  const edges = new Map(
    files.map((file) => [
      file,
      importsOf(file)
        .filter((f) => f.startsWith('.'))
        .map((f) => resolved(file, f)),
    ]),
  )
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) throw new Error(`circle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`)
    if (done.has(file)) return
    for (const next of edges.get(file) ?? []) walk(next, [...path, file])
    done.add(file)
  }
  for (const file of files) walk(file, [])
})

it('no source file is longer than 250 lines', () => {
  const long = files.map((file) => [file, readFileSync(file, 'utf8').split('\n').length] as const).filter(([, lines]) => lines > 250)
  expect(long).toEqual([])
})
