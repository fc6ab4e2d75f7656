import { ApiError, type KubeApi } from './api.ts'
import { pathOf, withParameters } from './paths.ts'

export interface PodLogOptions {
  /** Default: the pod's only one. */
  readonly container?: string
  /** The last lines alone. */
  readonly lastLines?: number
  /** Of the container's run before this one. */
  readonly isPrevious?: boolean
}

/** An API server keeps connections to kubelets, and hears that a node has started again only as it uses one: it answers 500 then, and makes a new one. */
const ASKS = 3

/** What a pod has printed so far; undefined where it has not started, or is gone. Throws an ApiError, 500 where the API server does not reach its kubelet. */
export async function podLog(api: KubeApi, namespace: string, pod: string, options: PodLogOptions = {}): Promise<string | undefined> {
  const { container, lastLines, isPrevious } = options
  const parameters = {
    container,
    tailLines: lastLines?.toString(),
    previous: isPrevious === true ? 'true' : undefined,
  }
  const path = withParameters(pathOf('Pod', namespace, pod, 'log'), parameters)
  for (let left = ASKS - 1; ; left -= 1) {
    try {
      return await api.raw(path)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.code === 400 || error.code === 404) return undefined
      if (error.code !== 500 || left === 0) throw error
    }
  }
}
