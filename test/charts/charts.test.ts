import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { placeholder, templateOf } from '../../scripts/charts-template.ts'
import { GENERATED, generatedCharts } from '../../scripts/charts-text.ts'
import { isRecord } from '../../src/install/tree.ts'

const read = (path: string): string => readFileSync(path, 'utf8')
const CHARTS = ['submariner', 'submariner-k8s-broker'] as const

describe('the charts', () => {
  const generated = generatedCharts(JSON.parse(read('package.json')).version)

  it.each([...generated.keys()])('%s is what scripts/charts writes', (path) => {
    expect(read(path)).toBe(generated.get(path))
  })

  it('have no generated file that scripts/charts does not write any more', () => {
    const marked = globSync('manifests/charts/**/*.{yaml,tpl}').filter((path) => read(path).includes(GENERATED))
    expect(marked.filter((path) => !generated.has(path))).toEqual([])
  })

  it.each(CHARTS)('%s has a strict schema that its own values meet', (chart) => {
    const schema = JSON.parse(read(`manifests/charts/${chart}/values.schema.json`))
    const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema)
    const values = parse(read(`manifests/charts/${chart}/values.yaml`))
    expect(validate(values) || validate.errors).toBe(true)
    expect(validate({ ...values, unknown: 1 })).toBe(false)
    expect(leaves(schema)).toEqual(leaves(values))
  })
})

describe('a manifest as a template', () => {
  it('throws where a manifest asks for what no value gives', () => {
    expect(() => templateOf(`kind: A\nmetadata: {name: a}\nspec: ${placeholder('other')}\n`).text()).toThrow('a manifest asks for "other"')
  })

  it('throws where a manifest holds what Helm would read as an expression', () => {
    expect(() => templateOf('kind: A\nmetadata: {name: "{{ a }}"}\n')).toThrow('braces')
  })
})

/** The paths of all values, of values themselves or of their schema, but for those of users' own keys. */
function leaves(value: unknown, path = ''): readonly string[] {
  const inner =
    isRecord(value) && isRecord(value.properties)
      ? value.properties
      : isRecord(value) && !('type' in value) && !('enum' in value)
        ? value
        : {}
  const keys = Object.keys(inner).filter((key) => `${path}${key}` !== 'global')
  return keys.length === 0 ? [path.slice(0, -1)] : keys.flatMap((key) => leaves(inner[key], `${path}${key}.`)).sort()
}
