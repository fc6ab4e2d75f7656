// Manifests as templates of Helm.
import { type Document, isMap, type Pair, parseAllDocuments } from 'yaml'
import { OWN_LABELS } from '../src/install/objects/manifests.ts'

/** The expression around a text. */
export const when = (condition: string, text: string): string => `{{- if ${condition} }}\n${text}{{- end }}\n`

/** Whether an object is not there yet, or is this release's. Another release's, or one that `subctl` or `helm --create-namespace` made, stays as it is. */
export const OWNED = `{{- define "submariner.owned" -}}
{{- $root := index . 0 -}}
{{- $found := lookup (index . 1) (index . 2) "" (index . 3) -}}
{{- $name := dig "metadata" "annotations" "meta.helm.sh/release-name" "" $found -}}
{{- $namespace := dig "metadata" "annotations" "meta.helm.sh/release-namespace" "" $found -}}
{{- if or (not $found) (and (eq $name $root.Release.Name) (eq $namespace $root.Release.Namespace)) -}}yes{{- end -}}
{{- end }}
`

const IMAGE = { image: '{{ include "submariner.image" . | quote }}', imagePullPolicy: '{{ .Values.image.pullPolicy }}' }
const POD = ['spec', 'template', 'spec'] as const

/** By the volume that mounts the Secret. */
const OWN_SECRETS = { broker: '.Values.broker.existingSecret', psk: '.Values.ipsec.existingSecret' } as const

/** What a manifest holds where a value is to stand. */
export const placeholder = (name: string): string => `\${${name}}`

export const templateOf = (manifest: string): Template => new Template(manifest)

/** A manifest that becomes a template, object by object, with our labels. Its methods change it. */
export class Template {
  readonly #documents: readonly Document[]
  readonly #guarded = new Set<Document>()
  #fills: Readonly<Record<string, string>> = IMAGE
  #values = ''

  constructor(manifest: string) {
    if (manifest.includes('{{')) throw new Error('a manifest holds braces that Helm would read')
    this.#documents = parseAllDocuments(manifest)
    for (const document of this.#documents) {
      if (document.directives) document.directives.docStart = null
      for (const [key, value] of Object.entries(OWN_LABELS)) document.setIn(['metadata', 'labels', key], value)
    }
  }

  /** The objects outlive the release. */
  keep(kind?: string): this {
    for (const document of this.#of(kind)) document.setIn(['metadata', 'annotations', 'helm.sh/resource-policy'], 'keep')
    return this
  }

  /** The objects are in the release only where nobody else has them. */
  unlessForeign(kind?: string): this {
    for (const document of this.#of(kind)) this.#guarded.add(document)
    return this
  }

  /** A DaemonSet or Deployment whose pods have the settings under `values`, and are replaced when what the workload reads changes. */
  agent(values: string, workload: string): this {
    this.fill({ settingsHash: `{{ include "submariner.hash.${workload}" . }}` })
    this.#values = values
    for (const document of this.#pods()) {
      markDefault(document, [...POD, 'tolerations'])
      markDefault(document, [...POD, 'containers', 0, 'resources'])
      document.setIn([...POD, 'nodeSelector', 'more-nodeSelector'], null)
    }
    return this.puller()
  }

  /** Pods whose image may want secrets to be pulled. */
  puller(): this {
    for (const document of this.#pods()) document.setIn([...POD, 'more-imagePullSecrets'], null)
    return this
  }

  /** Secrets of the user's own in place of those that the chart makes, for these volumes. */
  secrets(...volumes: readonly (keyof typeof OWN_SECRETS)[]): this {
    for (const volume of volumes) for (const document of this.#pods()) setSecret(document, volume, OWN_SECRETS[volume])
    return this
  }

  fill(fills: Readonly<Record<string, string>>): this {
    this.#fills = { ...this.#fills, ...fills }
    return this
  }

  text(): string {
    return this.#documents.map((document) => this.#one(document)).join('')
  }

  #pods(): readonly Document[] {
    return this.#documents.filter((document) => document.hasIn(POD))
  }

  #of(kind: string | undefined): readonly Document[] {
    return this.#documents.filter((document) => kind === undefined || document.get('kind') === kind)
  }

  #one(document: Document): string {
    const text = `---\n${expanded(filled(document.toString({ lineWidth: 0, flowCollectionPadding: false }), this.#fills), this.#values)}`
    if (!this.#guarded.has(document)) return text
    const [apiVersion, kind, name] = [['apiVersion'], ['kind'], ['metadata', 'name']].map((path) => document.getIn(path))
    const owned = `include "submariner.owned" (list . "${apiVersion}" "${kind}" "${name}")`
    if (kind === 'CustomResourceDefinition') return when(`or (eq .Values.crds "always") (and (eq .Values.crds "auto") (${owned}))`, text)
    // The release's own namespace is there before it, or is made by --create-namespace after this is read.
    return when(kind === 'Namespace' ? `and (ne .Release.Namespace "${name}") (${owned})` : owned, text)
  }
}

const filled = (text: string, fills: Readonly<Record<string, string>>): string =>
  text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const fill = fills[name]
    if (fill === undefined) throw new Error(`a manifest asks for "${name}", which no value of the charts gives`)
    return fill
  })

/** Renames a key so that what stands there is found again in the text. */
function markDefault(document: Document, path: readonly (string | number)[]): void {
  const parent = document.getIn(path.slice(0, -1))
  const key = String(path.at(-1))
  const pair: Pair | undefined = isMap(parent) ? parent.items.find((item) => String(item.key) === key) : undefined
  if (pair === undefined) throw new Error(`a manifest has no ${path.join('.')}`)
  pair.key = document.createNode(`default-${key}`)
}

/** What was marked, as expressions: a default that values replace, or more that they add. */
function expanded(text: string, values: string): string {
  const lines: string[] = []
  const source = text.split('\n')
  for (let i = 0; i < source.length; i++) {
    const [, space = '', what, key = ''] = /^( *)(default|more)-(\w+):/.exec(source[i] ?? '') ?? []
    const from = key === 'imagePullSecrets' ? '.Values.imagePullSecrets' : `.Values.${values}.${key}`
    if (what === undefined) lines.push(source[i] ?? '')
    else if (what === 'more' && key === 'nodeSelector')
      lines.push(`${space}{{- with ${from} }}`, `${space}{{- toYaml . | nindent ${space.length} }}`, `${space}{{- end }}`)
    else if (what === 'more') lines.push(...given(space, key, from), `${space}{{- end }}`)
    else {
      const rest = source.slice(i + 1)
      const next = rest.findIndex((line) => line.trim() !== '' && indentOf(line) <= space.length)
      const body = rest.slice(0, next)
      lines.push(...given(space, key, from), `${space}{{- else }}`, `${space}${key}:`, ...body, `${space}{{- end }}`)
      i += body.length
    }
  }
  return lines.join('\n')
}

const given = (space: string, key: string, from: string): readonly string[] => [
  `${space}{{- with ${from} }}`,
  `${space}${key}:`,
  `${space}  {{- toYaml . | nindent ${space.length + 2} }}`,
]
const indentOf = (line: string): number => line.length - line.trimStart().length

function setSecret(document: Document, volume: string, value: string): void {
  const volumes = document.getIn([...POD, 'volumes'])
  const items: readonly unknown[] =
    typeof volumes === 'object' && volumes !== null && 'items' in volumes ? (volumes.items as unknown[]) : []
  const at = items.findIndex((item) => isMap(item) && item.get('name') === volume)
  const name = document.getIn([...POD, 'volumes', at, 'secret', 'secretName'])
  if (typeof name !== 'string') throw new Error(`a manifest has no volume "${volume}" of a Secret`)
  const node = document.createNode(`{{ ${value} | default "${name}" }}`)
  document.setIn([...POD, 'volumes', at, 'secret', 'secretName'], node)
}
