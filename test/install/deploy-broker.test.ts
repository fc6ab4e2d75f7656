// What a plan of a broker says of the place where clusters are to reach it.
import { describe, expect, it } from '@jest/globals'
import { ADMIN_ACCOUNT } from '../../src/broker/info.ts'
import { main } from '../../src/commands/cli/main.ts'
import type { KubeOptions } from '../../src/commands/context.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { ApiError } from '../../src/k8s/api.ts'
import { BROKER_NAMESPACE } from '../../src/model/names.ts'
import { fakeWorld } from '../fakes/context.ts'
import { type FakeCluster, fakeCluster } from '../fakes/kube.ts'

const TOKEN = 'eyJhbGciOi.token'
/** A broker whose file was made before. */
function withCredential(): FakeCluster {
  const cluster = fakeCluster()
  const data = { token: Buffer.from(TOKEN).toString('base64') }
  cluster.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: `${ADMIN_ACCOUNT}-token`, namespace: BROKER_NAMESPACE }, ...{ data } })
  return cluster
}

describe('deploy-broker --plan', () => {
  /** The plan of a broker at a place whose API answers like this, and whether it was asked as a stranger. */
  async function planned(fault: ApiError | undefined, broker = fakeCluster()) {
    const world = fakeWorld()
    const asked: (string | undefined)[] = []
    const kube = async ({ access }: KubeOptions) => {
      const api = broker.api()
      if (access === undefined) return api
      asked.push((await access.credentials()).token)
      if (fault !== undefined) api.failNext(fault)
      return api
    }
    const code = await main('deploy-broker --plan --broker-url https://garbage.example'.split(' '), { ...world.context, kube }, laptopRuns)
    return {
      code,
      asked,
      warnings: world
        .err()
        .split('\n')
        .filter((line) => line.startsWith('warning:')),
    }
  }
  const lost = new ApiError(0, 'ENOTFOUND', 'getaddrinfo ENOTFOUND garbage.example')
  it('warns of a place that is not reached, with the reason, before there is a credential and after', async () => {
    const warnings = [
      "warning: from this machine: The broker's host name is not found (https://garbage.example): getaddrinfo ENOTFOUND garbage.example",
    ]
    expect(await planned(lost)).toEqual({ code: 0, asked: [undefined], warnings })
    expect(await planned(lost, withCredential())).toEqual({ code: 0, asked: [TOKEN], warnings })
  })
  it('does not warn of an API server that refuses strangers, nor of one that answers', async () => {
    expect((await planned(new ApiError(401, 'Unauthorized', 'Unauthorized'))).warnings).toEqual([])
    expect((await planned(undefined)).warnings).toEqual([])
  })
  it('warns of what is no API server', async () => {
    expect((await planned(new ApiError(404, 'NotAnApiServer', 'HTTP 404'))).warnings).toEqual([
      expect.stringContaining('At https://garbage.example there is no broker'),
    ])
  })
})
