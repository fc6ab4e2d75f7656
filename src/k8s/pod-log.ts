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

/** What a pod has printed so far; undefined where it has not started, or is gone. */
export async function podLog(api: KubeApi, namespace: string, pod: string, options: PodLogOptions = {}): Promise<string | undefined> {
  const { container, lastLines, isPrevious } = options
  const parameters = {
    container,
    tailLines: lastLines?.toString(),
    previous: isPrevious === true ? 'true' : undefined,
  }
  try {
    return await api.raw(withParameters(pathOf('Pod', namespace, pod, 'log'), parameters))
  } catch (error) {
    if (error instanceof ApiError && (error.code === 400 || error.code === 404)) return undefined
    throw error
  }
}
