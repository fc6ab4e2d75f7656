import type { Access } from '../../k8s/access.ts'
import { openApi } from '../../k8s/client.ts'
import { podAccess } from '../../k8s/incluster.ts'
import type { Context, KubeOptions } from '../context.ts'

/** Reads a kubeconfig: the given file, else that of KUBECONFIG or of the home folder. Throws UserError. */
export type ReadKubeconfig = (options: KubeOptions) => Promise<Access>

/** How a Context opens APIs: by the access given, by a kubeconfig where one or its context is named or this is no pod, else as the pod's ServiceAccount. */
export function openKube(
  world: Pick<Context, 'clock' | 'env' | 'files' | 'log' | 'signal'>,
  readKubeconfig: ReadKubeconfig,
): Context['kube'] {
  return async (options) => {
    const { clock, log, signal } = world
    const how = options.isLasting === true ? { log } : { clock, log, signal }
    if (options.access !== undefined) return openApi(options.access, how)
    const named = options.kubeconfig !== undefined || options.context !== undefined
    const pod = named ? undefined : await podAccess(world.env, world.files)
    return openApi(pod ?? (await readKubeconfig(options)), how)
  }
}
