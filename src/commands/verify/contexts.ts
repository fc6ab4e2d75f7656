import { brokerAccess, brokerCredential } from '../../checks/clusters/broker-access.ts'
import { askGateways } from '../../checks/paths/gateways.ts'
import { askProbes } from '../../checks/paths/probes.ts'
import { type CheckContext, looker } from '../../checks/subject.ts'
import type { KubeApi } from '../../k8s/api.ts'
import type { Context } from '../context.ts'
import { guardOf, keptOut } from '../look/kept-out.ts'
import type { Subject } from '../look/subjects.ts'
import { failOver } from './failover.ts'
import { installedObjects } from './installed.ts'
import { namesSetup } from './names.ts'
import type { PodRun } from './pod-run.ts'
import { tryServices } from './service-run.ts'
import { settingsFaults } from './settings.ts'

/** What checks may look at, for each cluster. Nodes, gateways and pods are asked once, however many checks read it. */
export function checkContexts(context: Context, found: readonly Subject[], namespace: string, pods: PodRun): readonly CheckContext[] {
  const { clock, version } = context
  const all: CheckContext[] = []
  let tried: ReturnType<typeof tryServices> | undefined
  for (const { name, api } of found) {
    let asked: ReturnType<typeof askProbes> | undefined
    let silent: ReturnType<typeof askGateways> | undefined
    all.push({
      name,
      api,
      namespace,
      clock,
      version,
      all,
      look: looker(api, namespace),
      settingsFaults: () => settingsFaults(api, namespace, context.files),
      installed: () => installedObjects(api, namespace),
      names: () => namesSetup({ api, namespace, look: looker(api, namespace) }),
      keptOut: (settings, ofService) => keptOut(guardOf(settings, namespace), ofService),
      broker: async () => context.kube({ access: await brokerAccess(api, namespace) }),
      credential: () => brokerCredential(api, namespace),
      probes: (signal) => {
        asked ??= ask(api, namespace, clock, signal)
        return asked
      },
      probesAnew: (signal) => ask(api, namespace, clock, signal),
      silentGateways: (signal) => {
        silent ??= askGateways({ api, namespace, clock, signal, id: crypto.randomUUID() })
        return silent
      },
      beginPods: (signal) => pods.begin(signal),
      pods: (signal) => pods.findings(signal),
      services: (signal) => {
        tried ??= tryServices(all, pods, signal)
        return tried
      },
      failover: (how, signal) => failOver({ context: name, api, namespace, clock, pods }, how, signal),
    })
  }
  return all
}

async function ask(api: KubeApi, namespace: string, clock: Context['clock'], signal: AbortSignal) {
  const nodes = (await api.list('Node')).items.map(({ metadata }) => metadata.name)
  return askProbes({ api, namespace, clock, signal, nodes, id: crypto.randomUUID() })
}
