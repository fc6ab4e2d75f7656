// What export and unexport did or would do, as lines, names and data.
import { stringify } from 'yaml'
import type { Given } from '../cli/given.ts'
import type { Context } from '../context.ts'
import { print } from '../join/stage.ts'
import { printable } from '../look/tables.ts'
import { type Action, type ClusterSteps, isOpen, nameEverywhere, type Step } from './steps.ts'
import { type Effect, wordsOf } from './wait.ts'

const MARKS: Readonly<Record<Action, string>> = { created: '+', changed: '~', unchanged: '=', removed: '-', kept: '!', refused: '!' }

export interface Outcome {
  readonly kind: 'Export' | 'Unexport'
  readonly clusters: readonly ClusterSteps[]
  readonly isPlan: boolean
  /** What a wait has found, in the order of clusters and steps. */
  readonly effects?: readonly Effect[]
}

/** Prints it as -o asks for. */
export function tell(context: Context, given: Given, outcome: Outcome): void {
  if (given.need('output') === 'name') {
    const names = outcome.clusters.flatMap(({ steps }) => steps.filter(({ object }) => object !== undefined))
    for (const name of new Set(names.map((step) => step.name))) context.stdout.write(`serviceexport.multicluster.x-k8s.io/${name}\n`)
    return
  }
  print(context, given, lines(outcome), data(outcome))
}

function lines({ kind, clusters, isPlan }: Outcome): readonly string[] {
  const sections = clusters.flatMap(({ subject, steps }) =>
    steps.length === 0 ? [] : [`Context ${subject.name} (${subject.api.server}):`, ...steps.map((step) => `  ${lineOf(step)}`), ''],
  )
  return [...sections, `${isPlan ? 'Plan: ' : ''}${tally(kind, clusters, isPlan)}`]
}

function lineOf({ namespace, name, action, reason }: Step): string {
  const more = reason ?? (action === 'created' || action === 'changed' ? nameEverywhere({ name, namespace }) : undefined)
  return `${MARKS[action]} ${action === 'refused' ? 'Service' : 'ServiceExport'} ${namespace}/${name}${more === undefined ? '' : `: ${printable(more)}`}`
}

function tally(kind: Outcome['kind'], clusters: readonly ClusterSteps[], isPlan: boolean): string {
  const all = clusters.flatMap(({ steps }) => steps)
  const count = (action: Action): number => all.filter((step) => step.action === action).length
  const verb = (plan: string, done: string): string => (isPlan ? plan : done)
  const optional = (action: Action, text: string): readonly string[] => (count(action) === 0 ? [] : [`${count(action)} ${text}`])
  const parts =
    kind === 'Export'
      ? [`${count('created')} ${verb('to create', 'created')}`, `${count('changed')} ${verb('to change', 'changed')}`]
      : [`${count('removed')} ${verb('to remove', 'removed')}`]
  const text = [
    ...parts,
    ...(kind === 'Export' ? [`${count('unchanged')} unchanged`] : optional('unchanged', 'not exported')),
    ...optional('kept', 'left to those who look after them'),
    ...optional('refused', 'cannot be exported'),
  ].join(', ')
  return `${text}.${isPlan || !all.some(isOpen) ? ' Nothing was changed.' : ''}`
}

function data({ kind, clusters, isPlan, effects }: Outcome): Readonly<Record<string, unknown>> {
  return {
    kind,
    plan: isPlan,
    clusters: clusters.map(({ subject, steps }) => ({
      context: subject.name,
      server: subject.api.server,
      services: steps.map(({ namespace, name, action, reason }) => {
        const effect = effects?.find((one) => one.context === subject.name && one.name === name)
        return {
          ...{ namespace, name, action },
          ...(reason !== undefined && { reason }),
          ...(effect !== undefined && { state: effect.state, message: wordsOf(effect) }),
          ...(effect?.conflict !== undefined && { conflict: effect.conflict }),
        }
      }),
    })),
  }
}

/** The objects of `--emit yaml`: what a repository keeps. */
export const emitted = (clusters: readonly ClusterSteps[]): string =>
  clusters
    .flatMap(({ subject, steps }) =>
      steps.flatMap(({ object, name, reason }) => {
        if (object === undefined) return [`# not exported: ${name}: ${printable(reason ?? '')}\n`]
        const { apiVersion, kind, metadata, spec } = object
        const { annotations } = metadata
        const meta = { name: metadata.name, namespace: metadata.namespace, ...(annotations !== undefined && { annotations }) }
        const bare = { apiVersion, kind, metadata: meta, ...(spec !== undefined && { spec }) }
        const where = clusters.length === 1 ? '' : `# on the cluster of context ${subject.name}\n`
        return [`---\n${where}${stringify(bare, { version: '1.1', lineWidth: 0 })}`]
      }),
    )
    .join('')
