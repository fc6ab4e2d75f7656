// What deploy-broker and join share: the modes of a verb that changes clusters, and how it tells what it does.
import { stringify } from 'yaml'
import { type ApplyOptions, applyPlan, asUserError } from '../../install/apply/apply.ts'
import type { Change } from '../../install/apply/compare.ts'
import { changeLines, changeRecords, countOf, titleOf } from '../../install/apply/report.ts'
import type { KubeApi } from '../../k8s/api.ts'
import { explain } from '../../k8s/explain.ts'
import type { Given } from '../cli/given.ts'
import type { Context } from '../context.ts'

/** One API and what changes there. */
export interface Stage {
  /** `cluster` or `broker`. */
  readonly where: 'cluster' | 'broker'
  readonly api: KubeApi
  readonly changes: readonly Change[]
}

export const openKube = (context: Context, given: Given): Promise<KubeApi> => {
  const [kubeconfig, name] = [given.text('kubeconfig'), given.text('context')]
  return context.kube({ ...(kubeconfig !== undefined && { kubeconfig }), ...(name !== undefined && { context: name }) })
}

/** What an API's refusals mean, of this one among the two that a command may speak to. */
export async function onCluster<T>(api: KubeApi, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explain(asUserError(error, api.server), api.server)
  }
}

/** Progress goes to stderr, for people. */
export const say = (context: Context, text: string): void => {
  context.stderr.write(`${text}\n`)
}

/** When to give up on what begins now. */
export const deadlineOf = ({ clock }: Pick<Context, 'clock'>, given: Given): number => clock.now() + given.duration('timeout')

export function applyOptions(context: Context, given: Given): ApplyOptions {
  return {
    clock: context.clock,
    signal: context.signal,
    deadline: deadlineOf(context, given),
    isForced: given.on('force-conflicts'),
    progress: ({ object, action }) => {
      context.journal?.did({ what: titleOf(object), state: 'ok', text: action })
      say(context, `${action} ${titleOf(object)}`)
    },
  }
}

export const applyStage = ({ api, changes }: Stage, options: ApplyOptions): Promise<void> => applyPlan(api, changes, options)

/** Tells the journal what is to be applied. */
export const planIn = ({ journal }: Context, stages: readonly Stage[]): void =>
  journal?.plan(stages.flatMap(({ changes }) => changes.flatMap(({ object, action }) => (action === 'unchanged' ? [] : [titleOf(object)]))))

/** The lines of a plan, or of what was done. */
export function stageLines(stages: readonly Stage[], isPlan: boolean): readonly string[] {
  const all = stages.flatMap(({ changes }) => changes)
  const sections = stages.flatMap(({ where, api, changes }) => {
    const differs = changes.filter(({ action }) => action !== 'unchanged')
    return differs.length === 0 ? [] : [`On the ${where} (${api.server}):`, ...changeLines(differs).map((line) => `  ${line}`), '']
  })
  const [created, changed, unchanged] = [countOf(all, 'created'), countOf(all, 'changed'), countOf(all, 'unchanged')]
  const tally = isPlan
    ? `Plan: ${created} to create, ${changed} to change, ${unchanged} unchanged. Nothing was changed.`
    : `${created} created, ${changed} changed, ${unchanged} unchanged.`
  return [...sections, tally]
}

export const stageRecords = (stages: readonly Stage[]): readonly unknown[] =>
  stages.flatMap(({ where, changes }) => changeRecords(where, changes))

/** Prints the result as -o asks for. */
export function print(context: Context, given: Given, lines: readonly string[], data: Readonly<Record<string, unknown>>): void {
  const format = given.need('output')
  const value = { apiVersion: 'subctl.submariner.io/v1', ...data }
  const text =
    format === 'json'
      ? JSON.stringify(value, null, 2)
      : format === 'yaml'
        ? stringify(value, { version: '1.1' }).trimEnd()
        : lines.join('\n')
  context.stdout.write(`${text}\n`)
}
