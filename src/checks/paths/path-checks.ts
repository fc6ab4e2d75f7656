import { suffersFrom } from '../../model/gateway-status.ts'
import { GATEWAY_LABEL } from '../../model/names.ts'
import type { Check } from '../check.ts'
import { departedIds } from '../clusters/departed.ts'
import { listing, verdictOf } from '../listing.ts'
import { ALONE, isOwn, type Look, remoteIds } from '../look.ts'
import type { CheckContext, NodeProbe } from '../subject.ts'
import { connectionHint } from './connection-hint.ts'
import { connectionProblems, isConnected } from './connections.ts'
import { GATEWAY_WAIT_MS, isOf } from './gateways.ts'
import { reached } from './reached.ts'

const GUARDED = 'routes and filters are in force'
/** Longer than a pass of a route agent takes, with the time that it gathers changes for. */
const PASS_MS = 3_000
const AGENT_LOG = 'see the log of the route agent on that node'

/** Questions about what lies between the clusters: tunnels, paths from every node, and what protects them. */
export const PATH_CHECKS: readonly Check<CheckContext>[] = [
  {
    id: 'SUB0610',
    name: 'every expected connection is up',
    needs: ['SUB0604'],
    patienceMs: 15_000,
    async run(context) {
      const seen = await context.look()
      const expected = remoteIds(seen)
      if (expected.length === 0) return { is: 'skipped', reason: ALONE }
      const problems = connectionProblems(seen, expected)
      if (problems.length === 0) return { is: 'ok', note: expected.join(', ') }
      // No port is to be opened towards a cluster that has left: SUB0607 tells of copies that are still here.
      const departed = await departedIds(context, seen)
      const stay = expected.filter((id) => !departed.includes(id))
      if (stay.length === 0) return { is: 'skipped', reason: `the broker no longer has ${departed.join(', ')}` }
      const left = connectionProblems(seen, stay)
      return verdictOf(
        left.map(({ text }) => text),
        { note: stay.join(', '), hint: connectionHint(seen, left), isPartial: left.length < stay.length },
      )
    },
  },
  listing<CheckContext>({
    id: 'SUB0611',
    name: 'a route agent runs on every node',
    needs: ['SUB0602'],
    patienceMs: 10_000,
    hint: AGENT_LOG,
    async find(context) {
      const { nodes, routeAgents } = await context.look()
      const have = new Set(routeAgents.map((agent) => agent.metadata.name))
      const without = nodes.map((node) => node.metadata.name).filter((name) => !have.has(name))
      return { problems: without.map((name) => `none on ${name}`), note: `${nodes.length} nodes` }
    },
  }),
  listing<CheckContext>({
    id: 'SUB0612',
    name: 'every node answers when asked to probe',
    needs: ['SUB0611'],
    hint: AGENT_LOG,
    async find(context, signal) {
      const probes = await context.probes(signal)
      const silent = probes.flatMap((probe) => ('silent' in probe ? [`${probe.node}: ${probe.silent}`] : []))
      return { problems: silent, note: `${probes.length} nodes` }
    },
  }),
  {
    id: 'SUB0613',
    name: 'every node reaches every remote cluster now',
    needs: ['SUB0611'],
    run: (context, signal) => reached(context, signal, 'small'),
  },
  {
    id: 'SUB0614',
    name: 'large packets pass',
    needs: ['SUB0613'],
    run: (context, signal) => reached(context, signal, 'large'),
  },
  listing<CheckContext>({
    id: 'SUB0615',
    name: 'every node rejects what finds no tunnel',
    needs: ['SUB0611'],
    hint: 'the route agent mends this within its next pass; see its log if it does not',
    async find(context, signal) {
      const first = unguardedIn(await context.probes(signal))
      if (first.length === 0) return { problems: first, note: GUARDED }
      // A pass may just have been under way, as when the first pod comes to a node: what stays is a fault.
      await context.clock.sleep(PASS_MS, signal)
      return { problems: unguardedIn(await context.probesAnew(signal)), note: GUARDED }
    },
  }),
  {
    id: 'SUB0616',
    name: 'nothing leaves in the clear',
    needs: ['SUB0611'],
    async run(context, signal) {
      const answers = answersOf(await context.probes(signal))
      const leaks = answers.flatMap(({ node, answer }) => (answer.leaks ?? []).map((line) => `${node}: ${line}`))
      if (leaks.length > 0)
        return { is: 'failed', reason: leaks.join('; '), hint: 'run `subctl route-agent --dry-run` on that node and compare' }
      const blind = answers.flatMap(({ node, answer }) =>
        answer.leaks === undefined ? [`${node}: ${answer.notWatched ?? 'not watched'}`] : [],
      )
      if (blind.length > 0) return { is: 'skipped', reason: blind.join('; ') }
      return { is: 'ok', note: `watched on ${answers.length} nodes while they probed` }
    },
  },
  {
    id: 'SUB0617',
    name: 'the agents are of one version with this binary',
    needs: ['SUB0602'],
    async run(context) {
      const { gateways, routeAgents } = await context.look()
      const others = [...gateways, ...routeAgents].filter((object) => object.status?.version !== context.version)
      if (others.length === 0) return { is: 'ok', note: context.version }
      const of = (version: string): string =>
        others.flatMap((object) => (object.status?.version === version ? [`${object.kind} ${object.metadata.name}`] : [])).join(', ')
      const versions = [...new Set(others.map((object) => object.status?.version ?? ''))].sort()
      return {
        is: 'warning',
        reason: `this binary is of ${context.version}; ${versions.map((version) => `of ${version || 'no version'}: ${of(version)}`).join('; ')}`,
        hint: 'use the same binary everywhere',
      }
    },
  },
  listing<CheckContext>({
    id: 'SUB0618',
    name: 'both ends name each other',
    needs: ['SUB0610'],
    hint: 'run `subctl show endpoints` on both',
    async find(context) {
      const seen = await context.look()
      const others = await Promise.all(context.all.filter((other) => other !== context).map((other) => other.look()))
      if (others.length === 0) return { is: 'skipped', reason: 'one context alone was given' }
      // Of a cluster that is not connected SUB0610 says what there is to say.
      const told = others.filter(({ clusterId }) => clusterId === seen.clusterId || isConnected(seen, clusterId ?? ''))
      if (told.length === 0) return { is: 'skipped', reason: 'no connection to the clusters of the other contexts: see SUB0610' }
      const problems = told.flatMap((other) => {
        if (other.clusterId === seen.clusterId) return [`two of the contexts have the cluster id "${seen.clusterId}"`]
        return sameEndpoint(seen, other)
          ? []
          : [`what ${seen.clusterId} knows of ${other.clusterId}'s gateway is not what ${other.clusterId} publishes`]
      })
      return { problems, note: 'endpoints agree' }
    },
  }),
  listing<CheckContext>({
    id: 'SUB0619',
    name: 'no agent reports a failure',
    needs: ['SUB0602'],
    patienceMs: 5_000,
    hint: 'see the log of that agent on its node',
    async find(context) {
      const { gateways, routeAgents, nodes } = await context.look()
      const names = new Set(nodes.map(({ metadata }) => metadata.name))
      const agents = [...gateways, ...routeAgents.filter(({ metadata }) => names.has(metadata.name))]
      const failing = agents.filter(({ status }) => (status?.statusFailure ?? '') !== '')
      const problems = failing.map(({ kind, metadata, status }) => `${kind} ${metadata.name}: ${status?.statusFailure}`)
      return { problems, note: `${agents.length} agents` }
    },
  }),
  listing<CheckContext>({
    id: 'SUB0620',
    name: 'an engine and its charon answer on every gateway node',
    needs: ['SUB0603'],
    hint: 'see the logs of the engine and of charon on that node: it could not take over',
    async find(context, signal) {
      const { nodes, gateways } = await context.look()
      const labelled = nodes.filter((node) => node.metadata.labels?.[GATEWAY_LABEL] === 'true')
      const without = labelled.filter((node) => !gateways.some((gateway) => isOf(gateway, node)))
      const silent = new Set(await context.silentGateways(signal))
      const mute = labelled.filter((node) => gateways.some((gateway) => isOf(gateway, node) && silent.has(gateway.metadata.name)))
      // Its engine answers, and says that it has no charon.
      const alone = gateways.filter(
        (gateway) => !silent.has(gateway.metadata.name) && labelled.some((node) => isOf(gateway, node)) && suffersFrom(gateway, 'SUB0501'),
      )
      return {
        problems: [
          ...alone.map(({ metadata, status }) => `${metadata.name}: ${status.statusFailure}`),
          ...without.map(({ metadata }) => `none on ${metadata.name}`),
          ...mute.map(({ metadata }) => `${metadata.name}: its engine, or its charon, did not answer within ${GATEWAY_WAIT_MS / 1000} s`),
        ],
        note: `${labelled.length} gateways`,
      }
    },
  }),
]

const unguardedIn = (probes: readonly NodeProbe[]): readonly string[] =>
  answersOf(probes).flatMap(({ node, answer }) => answer.unguarded.map((line) => `${node}: ${line}`))
const answersOf = (probes: readonly NodeProbe[]) => probes.flatMap((probe) => ('answer' in probe ? [probe] : []))

function sameEndpoint(seen: Look, other: Look): boolean {
  const published = other.endpoints.find((endpoint) => isOwn(other, endpoint))
  return (
    published !== undefined &&
    seen.endpoints.some(
      (endpoint) => endpoint.spec?.cable_name === published.spec.cable_name && endpoint.spec.private_ip === published.spec.private_ip,
    )
  )
}
