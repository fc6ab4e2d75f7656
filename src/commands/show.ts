import { stringify } from 'yaml'
import { type Look, look } from '../checks/look.ts'
import { UserError } from '../model/errors.ts'
import type { Resource } from '../model/resources.ts'
import type { Given } from './cli/given.ts'
import type { Run } from './cli/run.ts'
import { SECTIONS, type Section } from './look/sections.ts'
import { showServices } from './look/services.ts'
import { notJoined, type Subject, subjects } from './look/subjects.ts'
import { printable, textTable } from './look/tables.ts'
import { tryOn, type Unasked, unaskedError, unaskedRecord } from './look/unasked.ts'

interface Seen {
  readonly subject: Subject
  readonly look: Look
}

/** `subctl show [WHAT]`: tables, or the objects behind them, of every cluster asked about. */
export const show: Run = async (context, given) => {
  // One table over all clusters, unlike the others; thousands of services are not part of `all`.
  if (given.args[0] === 'services') return showServices(context, given)
  const clusters = await subjects(context, given)
  const namespace = given.text('namespace') ?? given.need('agents-namespace')
  const looks = await Promise.all(
    clusters.map(async (subject) => ({ subject, found: await tryOn(subject, () => lookAt(subject, namespace)) })),
  )
  const seen = looks.flatMap(({ subject, found }): readonly Seen[] => (found instanceof UserError ? [] : [{ subject, look: found }]))
  const unasked = looks.flatMap(({ subject, found }): readonly Unasked[] => (found instanceof UserError ? [{ subject, error: found }] : []))
  const what = given.args[0] ?? 'all'
  const sections = SECTIONS.filter((section) => what === 'all' || section.name === what)
  if (seen.length > 0) context.stdout.write(`${render({ seen, unasked }, sections, given)}\n`)
  if (unasked.length > 0) throw unaskedError(unasked)
  return undefined
}

interface Shown {
  readonly seen: readonly Seen[]
  readonly unasked: readonly Unasked[]
}

async function lookAt(subject: Subject, namespace: string): Promise<Look> {
  const found = await look(subject.api, namespace)
  if (found.clusterId === undefined && found.clusters.length === 0 && found.gateways.length === 0) {
    throw notJoined(subject, namespace)
  }
  return found
}

function render({ seen, unasked }: Shown, sections: readonly Section[], given: Given): string {
  const format = given.need('output')
  if (format === 'name') return [...new Set(seen.flatMap((s) => objects(s, sections).map(nameOf)))].join('\n')
  if (format === 'json' || format === 'yaml') {
    const value = {
      apiVersion: 'subctl.submariner.io/v1',
      kind: 'ShowList',
      items: seen.map((s) => ({
        context: s.subject.name,
        server: s.subject.api.server,
        clusterId: s.look.clusterId ?? null,
        objects: objects(s, sections),
      })),
      ...(unasked.length > 0 && { notAsked: unasked.map(unaskedRecord) }),
    }
    return format === 'json' ? JSON.stringify(value, null, 2) : stringify(value, { version: '1.1' }).trimEnd()
  }
  return seen.map((s) => tables(s, sections, format === 'wide')).join('\n\n')
}

/** As kubectl names an object of a group, and takes it: `endpoint.submariner.io/name`. */
const nameOf = ({ kind, apiVersion, metadata }: Resource): string => {
  const [group, version] = apiVersion.split('/')
  return `${kind.toLowerCase()}${version === undefined ? '' : `.${group}`}/${metadata.name}`
}

const objects = (seen: Seen, sections: readonly Section[]) => [...new Set(sections.flatMap((section) => section.objects(seen.look)))]

function tables({ subject, look }: Seen, sections: readonly Section[], wide: boolean): string {
  const title = `Cluster "${look.clusterId ?? '?'}" (context ${subject.name})`
  const parts = sections.map((section) => {
    const columns = wide ? [...section.columns, ...section.wide] : section.columns
    const rows = section.rows(look).map((row) => row.slice(0, columns.length))
    const body = rows.length === 0 ? 'none' : textTable(columns, rows)
    const remarks = (section.remarks?.(look) ?? []).map((text) => `! ${printable(text)}`)
    return `${section.name}\n${indent([body, ...remarks].join('\n'))}`
  })
  return `${title}\n${indent(parts.join('\n\n'))}`
}

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n')
