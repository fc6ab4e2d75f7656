import { describe, expect, it } from '@jest/globals'
import { grouped, openStanding } from '../../src/commands/join/wait.ts'
import { connectionSteps, speaking } from '../../src/install/rollout/connections.ts'
import { downNodes, type PodSight, podSteps } from '../../src/install/rollout/rollout.ts'
import { changedSteps, openSteps, type Step, saidOf, wholeText } from '../../src/install/rollout/step.ts'
import { lastWords } from '../../src/k8s/pod-words.ts'
import type { ContainerStatus, DaemonSet, Deployment, Gateway, Pod, Resource } from '../../src/model/resources.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { connectionTo } from '../fakes/joined.ts'

const GATEWAY = 'submariner-gateway'
interface SetOptions {
  readonly desired: number
  readonly updated?: number
  readonly current?: number
  readonly strategy?: string
}
const set = ({ desired, updated = desired, current = desired, strategy = 'RollingUpdate' }: SetOptions): DaemonSet => {
  const spec = {
    updateStrategy: { type: strategy },
    template: { spec: { containers: [], nodeSelector: { 'submariner.io/gateway': 'true' } } },
  }
  const status = {
    observedGeneration: 2,
    desiredNumberScheduled: desired,
    currentNumberScheduled: current,
    updatedNumberScheduled: updated,
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: GATEWAY, namespace: 'submariner', uid: 'ds', generation: 2 },
    spec,
    status,
  }
}
const pod = (status: Pod['status'], node = 'n1'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `gateway-${node}`, uid: `pod-${node}`, labels: { app: GATEWAY } },
  spec: { nodeName: node },
  ...(status && { status }),
})
const READY = pod({ conditions: [{ type: 'Ready', status: 'True' }] })
const container = (more: Partial<ContainerStatus>): Pod['status'] => ({
  containerStatuses: [{ name: 'gateway', ready: false, restartCount: 0, image: 'reg/x:1', ...more }],
})
const event = (reason: string, message: string, uid = 'pod-n1', count = 5): Resource => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: reason },
  ...{ involvedObject: { uid }, reason, message, count },
})
const steps = (more: Partial<PodSight>): readonly string[] =>
  podSteps({ daemonSets: [set({ desired: 1 })], pods: [], events: [], downNodes: new Set(), logs: new Map(), ...more }, [GATEWAY]).map(
    (step) => `${step.state} ${step.what}: ${wholeText(step)}`,
  )

describe('podSteps() says how a Deployment comes up', () => {
  const DISCOVERY = 'submariner-discovery'
  const deployment = (status: Deployment['status']): Deployment => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: DISCOVERY, namespace: 'submariner', uid: 'd', generation: 2 },
    spec: { replicas: 2 },
    status: { observedGeneration: 2, ...status },
  })
  const one = (status: Pod['status']): Pod => ({
    ...pod(status),
    metadata: { name: 'discovery-1', uid: 'pod-n1', labels: { app: DISCOVERY } },
  })
  const said = (status: Deployment['status'], more: Partial<PodSight> = {}): readonly string[] =>
    podSteps({ daemonSets: [], deployments: [deployment(status)], pods: [], events: [], downNodes: new Set(), logs: new Map(), ...more }, [
      DISCOVERY,
    ]).map((step) => `${step.state} ${step.what}: ${wholeText(step)}`)

  it('is done when all are ready and as wanted, and none of before is left', () => {
    expect(said({ replicas: 2, updatedReplicas: 2, readyReplicas: 2 })).toEqual(['ok discovery: 2 of 2 ready'])
    expect(said({ replicas: 3, updatedReplicas: 2, readyReplicas: 3 })).toEqual(['waiting discovery: 3 of 2 ready'])
    expect(said({ replicas: 2, updatedReplicas: 1, readyReplicas: 2 })).toEqual(['waiting discovery: 2 of 2 ready, 1 of 2 as wanted'])
    expect(said({ observedGeneration: 1 })).toEqual(['waiting discovery: the cluster has not looked at it yet'])
  })
  it('tells why one is not ready, with the last line that it said, and why one cannot even be made', () => {
    const events = [event('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503')]
    const logs = new Map([['discovery-1', '{"level":"warn","msg":"the broker does not answer"}\n']])
    const running = one(container({ state: { running: {} } }))
    expect(said({ replicas: 2, updatedReplicas: 2, readyReplicas: 1 }, { pods: [running], events, logs })).toEqual([
      'waiting discovery: 1 of 2 ready',
      'failing discovery on n1: not ready: Readiness probe failed: HTTP probe failed with statuscode: 503; its last line: the broker does not answer',
    ])
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }]
    expect(said({ replicas: 0, conditions })).toContain('failing discovery: a pod cannot be made: exceeded quota')
  })
})

describe('podSteps() says how a workload comes up', () => {
  it('is done when all pods are ready and as wanted', () => {
    expect(steps({ pods: [READY] })).toEqual(['ok gateway: 1 of 1 ready'])
    expect(steps({ daemonSets: [set({ desired: 1, updated: 0 })], pods: [READY] })).toEqual([
      'waiting gateway: 1 of 1 ready, 0 of 1 as wanted',
    ])
  })
  it('does not wait for pods that are replaced by hand alone, and says that they are old', () => {
    expect(steps({ daemonSets: [set({ desired: 1, updated: 0, strategy: 'OnDelete' })], pods: [READY] })).toEqual([
      'ok gateway: 1 of 1 ready; 1 still as before: subctl upgrade replaces them',
    ])
  })
  it('names the label where no node carries it', () => {
    expect(steps({ daemonSets: [set({ desired: 0 })] })).toEqual(['waiting gateway: no node carries the label submariner.io/gateway=true'])
  })
  it('does not ask for the label where it has just been set', () => {
    expect(steps({ daemonSets: [set({ desired: 0 })], hasGateway: true })).toEqual([
      'waiting gateway: the cluster has not looked at its nodes yet',
    ])
  })
  it('tells why a pod cannot even be made', () => {
    const events = [event('FailedCreate', 'exceeded quota', 'ds')]
    expect(steps({ daemonSets: [set({ desired: 1, current: 0 })], events })).toContain(
      'failing gateway: a pod cannot be made: exceeded quota',
    )
  })
  it('does not wait for a node that is down', () => {
    const nodes = [
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } },
    ]
    expect(steps({ pods: [pod(container({}))], downNodes: downNodes(nodes) })).toEqual([
      'note gateway: 0 of 1 ready',
      'note gateway on n1: the node is not ready; its pod is not waited for',
    ])
  })
  it('does not wait for the pod that ends on a node that is down, nor for the one that cannot follow it', () => {
    const ending = { ...pod(container({}), 'n2'), metadata: { ...pod({}, 'n2').metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
    const sight = { daemonSets: [set({ desired: 2, updated: 1 })], pods: [READY, ending] }
    expect(steps({ ...sight, downNodes: new Set(['n2']) })).toEqual(['note gateway: 1 of 2 ready'])
    expect(steps(sight)).toEqual(['waiting gateway: 1 of 2 ready'])
  })
  it('says that a node that is down holds up the rolling update of others', () => {
    const old = pod({ conditions: [{ type: 'Ready', status: 'False' }] }, 'n2')
    expect(steps({ daemonSets: [set({ desired: 2, updated: 0 })], pods: [READY, old], downNodes: new Set(['n2']) })[0]).toBe(
      'waiting gateway: 1 of 2 ready, 0 of 2 as wanted: a rolling update does not go past nodes that are down',
    )
  })
  it('does not wait for an old pod that is passed over until its turn', () => {
    const crashing = pod(
      container({ restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1 } } }),
    )
    expect(
      steps({ daemonSets: [set({ desired: 1, updated: 0 })], pods: [crashing], passedOver: () => 'it is replaced in its turn' }),
    ).toEqual(['note gateway: 0 of 1 ready', 'note gateway on n1: it is replaced in its turn: the container ends again and again (exit 1)'])
  })
})

describe('podSteps() says why a pod is not ready', () => {
  const trouble = (status: Pod['status'], events: readonly Resource[] = [], log?: string): string | undefined =>
    steps({ pods: [pod(status)], events, logs: new Map(log === undefined ? [] : [['gateway-n1', log]]) })[1]
  it.each([
    [
      'an image that cannot be pulled',
      container({ state: { waiting: { reason: 'ErrImagePull', message: 'reg/x:1: not found' } } }),
      [],
      'failing gateway on n1: the image reg/x:1 cannot be pulled: reg/x:1: not found',
    ],
    [
      'what the back-off hides',
      container({ state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } } }),
      [event('Failed', 'Failed to pull image "reg/x:1": no such host')],
      'failing gateway on n1: the image reg/x:1 cannot be pulled: no such host',
    ],
    [
      'no node for it',
      { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes: insufficient memory' }] },
      [],
      'failing gateway on n1: pending: 0/1 nodes: insufficient memory',
    ],
    [
      'a crash, by what the container said at its end',
      container({
        restartCount: 2,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 64, reason: 'Error', message: 'error SUB0102: --psk-file is not given\nSee it.\n' } },
      }),
      [],
      'failing gateway on n1: the container ends again and again (Error 64): error SUB0102: --psk-file is not given',
    ],
    [
      'a probe that fails',
      container({ state: { running: {} } }),
      [event('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503')],
      'failing gateway on n1: not ready: Readiness probe failed: HTTP probe failed with statuscode: 503; its last line: hm: no socket',
    ],
    [
      'a volume that cannot be mounted',
      container({ state: { waiting: { reason: 'ContainerCreating' } } }),
      [event('FailedMount', 'secret "a" not found')],
      'failing gateway on n1: not started: secret "a" not found',
    ],
    [
      'a container that cannot be made',
      container({ state: { waiting: { reason: 'CreateContainerConfigError', message: 'configmap "a" not found' } } }),
      [],
      'failing gateway on n1: not started: CreateContainerConfigError: configmap "a" not found',
    ],
    [
      'a probe that fails while the agent is on its way',
      container({ state: { running: {} } }),
      [event('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503', 'pod-n1', 2)],
      'waiting gateway on n1: not ready: Readiness probe failed: HTTP probe failed with statuscode: 503; its last line: hm: no socket',
    ],
    [
      'an image of another program',
      container({
        restartCount: 4,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: {
          terminated: {
            exitCode: 128,
            reason: 'StartError',
            message:
              'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "engine": executable file not found in $PATH: unknown',
          },
        },
      }),
      [],
      'failing gateway on n1: the container cannot be started: exec: "engine": executable file not found in $PATH: unknown',
    ],
    [
      'what containerd says of an image, without its chatter',
      container({
        state: {
          waiting: {
            reason: 'ErrImagePull',
            message:
              'failed to pull and unpack image "reg/x:1": failed to resolve reference "reg/x:1": failed to do request: Head "https://reg/v2/x/manifests/1": dial tcp: lookup reg: no such host',
          },
        },
      }),
      [],
      'failing gateway on n1: the image reg/x:1 cannot be pulled: Head "https://reg/v2/x/manifests/1": dial tcp: lookup reg: no such host',
    ],
    [
      'an eviction',
      { phase: 'Failed', reason: 'Evicted', message: 'low on disk' },
      [],
      'failing gateway on n1: the pod failed: Evicted: low on disk',
    ],
    ['nothing while it is on its way', container({ state: { waiting: { reason: 'ContainerCreating' } } }), [], undefined],
  ] as const)('%s', (_, status, events, told) => {
    expect(trouble(status, events, '{"msg":"hm","error":"no socket"}')).toBe(told)
  })
})

it('a fault that a container logs later is news, a line that tells of none is not, nor the same fault with another number', () => {
  const running = pod(container({ state: { running: {} } }))
  const events = [event('Unhealthy', 'Startup probe failed: HTTP probe failed with statuscode: 503')]
  const look = (log: string): readonly Step[] =>
    podSteps({ daemonSets: [set({ desired: 1 })], pods: [running], events, downNodes: new Set(), logs: new Map([['gateway-n1', log]]) }, [
      GATEWAY,
    ])
  const [begun, going] = ['{"level":"info","msg":"ESP: kernel"}\n', '{"level":"info","msg":"hm"}\n']
  const fault = (port: number): string => `{"level":"error","error":"UDP port ${port} is in use","msg":"charon did not start"}\n${going}`
  expect(changedSteps(saidOf(look(begun)), look(going))).toEqual([])
  const told = changedSteps(saidOf(look(begun)), look(begun + fault(4800)))
  expect(told.map(wholeText)).toEqual([
    'not ready: Startup probe failed: HTTP probe failed with statuscode: 503; its last line: charon did not start: UDP port 4800 is in use',
  ])
  expect(changedSteps(saidOf(look(fault(4800))), look(fault(4801)))).toEqual([])
})

it('lastWords() takes the error of a log, else its last line, and reads an agent’s JSON', () => {
  expect(lastWords('a\nerror SUB0505: no ESP\nLoad it.\n')).toBe('error SUB0505: no ESP')
  expect(lastWords('a\n{"level":"warn","msg":"gone"}\n')).toBe('gone')
  expect(lastWords('\n')).toBeUndefined()
})

describe('connectionSteps() says how the gateway stands', () => {
  const gateway = (more: Partial<Gateway['status']>, annotations: Record<string, string> = {}): Gateway => ({
    apiVersion: 'submariner.io/v1',
    kind: 'Gateway',
    metadata: { name: 'gw', annotations },
    status: {
      version: '1',
      haStatus: 'active',
      localEndpoint: endpointOf('west', { n: 1 }).spec,
      statusFailure: '',
      connections: [],
      ...more,
    },
  })
  const told = (gateways: readonly Gateway[], expected: readonly string[] = []): readonly string[] =>
    connectionSteps({ gateways, endpoints: [endpointOf('east', { n: 2 })], expected }).map(
      ({ what, state, text }) => `${state} ${what}: ${text}`,
    )

  it('waits for a leader, and tells its fault', () => {
    expect(told([])).toEqual(['waiting leader: no gateway leads yet'])
    expect(told([gateway({ statusFailure: 'charon does not answer' })])[0]).toBe('failing leader: gw: charon does not answer')
  })
  it('tells whether the gateway’s node reaches the broker', () => {
    expect(told([gateway({}, { 'submariner.io/broker': 'reached' })])).toContain('ok broker from gw: reached')
    expect(told([gateway({}, { 'submariner.io/broker': 'connect ECONNREFUSED' })])).toContain(
      'failing broker from gw: not reached: connect ECONNREFUSED',
    )
    expect(told([gateway({})])).toContain('waiting broker from gw: it has not said yet whether it reaches it')
  })
  it('hears no gateway whose engine does not run now', () => {
    const pod = (name: string, isReady: boolean): Pod => ({
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: 'submariner-gateway' } }, spec: { nodeName: 'gw' } },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
    })
    expect(speaking([gateway({})], [pod('a', true)])).toHaveLength(1)
    expect([speaking([gateway({})], [pod('a', false)]), speaking([gateway({})], [])]).toEqual([[], []])
  })
  it('has a step for each cluster that is expected, with charon’s reason', () => {
    const failed = connectionTo('east', { status: 'error', statusMessage: 'no answer from 172.16.2.1:4500' })
    const reached = { 'submariner.io/broker': 'reached' }
    expect(told([gateway({ connections: [failed] }, reached)], ['east', 'north'])).toEqual([
      'ok leader: gw',
      'ok broker from gw: reached',
      expect.stringMatching(/^failing cluster east: no connection to .*: no answer from 172\.16\.2\.1:4500$/),
      'waiting cluster north: not fetched from the broker yet',
    ])
    expect(told([gateway({ connections: [failed, connectionTo('east')] })], ['east'])[2]).toMatch(/^ok cluster east: connected to /)
    expect(told([gateway({})], ['east'])[2]).toBe('waiting cluster east: no tunnel yet')
  })
  it('names a charon that still has an old port, which nobody waits for, and the port that gateways really use', () => {
    const failed = connectionTo('east', { status: 'error', statusMessage: 'no answer' })
    const old = gateway({ connections: [failed] }, { 'submariner.io/wanted-port': '4700' })
    expect(told([old])).toContain('note port of gw: charon on gw still has port 4500, the settings say 4700')
    const steps = connectionSteps({ gateways: [old], endpoints: [], expected: ['east'] })
    expect(steps.at(-1)?.hint).toContain('UDP 4500 must pass')
  })
  it('says what the gateway refuses of a cluster', () => {
    const refused = [
      { object: 'Cluster "north"', field: 'spec.cluster_cidr[0]', reason: 'is ours' },
      { object: `Endpoint "${endpointOf('east', { n: 2 }).metadata.name}"`, field: 'spec', reason: 'is odd' },
      { object: 'Cluster "south-two"', field: 'spec', reason: 'Cluster "south": is odd' },
    ]
    expect(told([gateway({}, { 'submariner.io/refused': JSON.stringify(refused) })], ['east', 'north', 'south'])).toEqual([
      'ok leader: gw',
      expect.stringMatching(/^waiting broker from gw/),
      `failing cluster east: refused: ${refused[1]?.object}: spec: is odd`,
      'failing cluster north: refused: Cluster "north": spec.cluster_cidr[0]: is ours',
      'waiting cluster south: not fetched from the broker yet',
    ])
  })
})

it('a connection that fails is told as failing once it has stood so for seconds, and anew after it was up', () => {
  const failing: Step = { what: 'cluster east', state: 'failing', text: 'no connection to e: authentication failed' }
  const up: Step = { what: 'cluster east', state: 'ok', text: 'connected to e' }
  const pod: Step = { what: 'gateway on n1', state: 'failing', text: 'pending' }
  const standing = openStanding()
  expect(standing([failing, pod], 0)).toEqual([{ what: 'cluster east', state: 'waiting', text: 'no connection at the moment' }, pod])
  expect(standing([failing], 4_999)[0]?.state).toBe('waiting')
  expect(standing([failing], 5_000)).toEqual([failing])
  expect(standing([up], 6_000)).toEqual([up])
  expect(standing([failing], 7_000)[0]?.state).toBe('waiting')
})

it('a step is said again only when it stands otherwise', () => {
  const one: Step = { what: 'a', state: 'waiting', text: '0 of 1' }
  expect(changedSteps(saidOf([one]), [one, { ...one, what: 'b' }])).toEqual([{ ...one, what: 'b' }])
  expect(changedSteps(saidOf([one]), [{ ...one, state: 'ok' }])).toHaveLength(1)
  expect(openSteps([one, { ...one, state: 'note' }, { ...one, state: 'ok' }])).toEqual([one])
})

it('what is told of several in the same words is told once, in the end', () => {
  const step = (what: string, text: string): Step => ({ what, state: 'failing', text })
  expect(grouped([step('a', 'x'), step('b', 'y'), step('c', 'x')])).toEqual(['a, c: x', 'b: y'])
  expect(grouped(Array.from({ length: 8 }, (_, i) => step(`n${i}`, 'x')))).toEqual(['n0, n1, n2, n3, n4, n5 and 2 more: x'])
})
