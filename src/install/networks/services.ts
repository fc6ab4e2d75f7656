import type { Cidr } from '../../model/net.ts'
import { listAt } from '../tree.ts'
import { distributionOf, flagOf, kubeadmOf, type Told } from './control-plane.ts'
import { facts } from './parse.ts'
import type { Fact, Seen } from './seen.ts'

/** What each source says about the services' networks, the one to believe first. */
export function serviceNetworks(seen: Seen): readonly Fact<readonly Cidr[]>[] {
  const told: readonly Told[] = [
    {
      text: seen.serviceCidrs.flatMap((item) => item.spec?.cidrs ?? []).join(','),
      source: `ServiceCIDR ${seen.serviceCidrs.map((item) => item.metadata.name).join(', ')}`,
    },
    flagOf(seen, 'kube-apiserver', 'service-cluster-ip-range'),
    flagOf(seen, 'kube-controller-manager', 'service-cluster-ip-range'),
    { text: texts(listAt(seen.openshift, 'status', 'serviceNetwork')), source: 'Network.config.openshift.io cluster' },
    kubeadmOf(seen, 'serviceSubnet'),
    { text: seen.configMaps.get('ovn-kubernetes/ovn-config')?.data?.svc_cidr, source: 'ConfigMap ovn-kubernetes/ovn-config' },
    {
      text: /range of valid IPs is ([\d./]+\d)/.exec(seen.serviceHint ?? '')?.[1],
      source: 'the API server’s answer to an address it cannot give',
    },
    distributionOf(seen, 'service-cidr'),
  ]
  return facts(told)
}

const texts = (list: readonly unknown[]): string => list.filter((item) => typeof item === 'string').join(',')
