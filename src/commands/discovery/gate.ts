import { ApiError } from '../../k8s/api.ts'

/** Lets so many calls of one API be under way at once. When there is no answer, what waits fails with that call: it would wait as long for nothing. */
export interface Gate {
  pass<T>(call: () => Promise<T>): Promise<T>
}

export function openGate(most: number): Gate {
  const waiting: (() => void)[] = []
  let open = most
  let closed: ApiError | undefined
  return {
    async pass(call) {
      if (open > 0) open -= 1
      else await new Promise<void>((settle) => waiting.push(settle))
      try {
        if (closed !== undefined) throw closed
        return await call()
      } catch (error) {
        if (error instanceof ApiError && error.code === 0) closed = error
        throw error
      } finally {
        // A place that is handed on is not open in between.
        const next = waiting.shift()
        if (next === undefined) open += 1
        else next()
      }
    },
  }
}
