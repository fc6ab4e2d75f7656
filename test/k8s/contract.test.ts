import { fakeCluster } from '../fakes/kube.ts'
import { contract, READS } from './contract.ts'
import { WRITES } from './contract-writes.ts'

const fake = fakeCluster()
contract('fake', [...READS, ...WRITES], async () => ({
  api: fake.api(),
  oldVersion: async () => {
    const { version } = await fake.api().list('Cluster')
    await fake.api().create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `later-${version}`, namespace: 'contract' } })
    fake.compact()
    return version
  },
}))
