// The lab on a kernel with ESP, in a virtual machine: what charon does there, and what a packet sees of it. Six minutes on an otherwise idle machine.
import { describeGuest } from '../vm/guest.ts'

describeGuest('two clusters with ESP in the kernel', {
  program: 'test/lab/esp-guest.ts',
  modules: [
    'esp4 xfrm_user xfrm_interface tun seqiv echainiv authenc gcm cbc sha256_generic aesni_intel',
    'veth bridge br_netfilter vxlan nf_tables nft_compat nft_chain_nat iptable_nat iptable_filter iptable_mangle iptable_raw ip_set_hash_net',
    'xt_MASQUERADE xt_nat xt_set xt_TCPMSS xt_mark xt_conntrack xt_statistic xt_comment xt_addrtype xt_policy ipt_REJECT',
  ].join(' '),
  limitSeconds: 1200,
  says: [
    'both clusters are connected',
    'charon has found ESP in the kernel and uses it, in UDP, through the XFRM interface',
    'pods and hosts reach all pods, services and hosts of the other cluster, from gateways and workers, both ways',
    'large answers pass from worker to worker and from gateway to gateway: segments fit the tunnel',
    'datagrams larger than the tunnel pass in pieces',
    'between the clusters the WAN carries nothing but ESP in UDP port 4500',
    '0 datagrams are lost when an engine is killed and starts again',
    '0 datagrams are lost when the `subctl charon` that keeps charon is killed and starts again',
    'ESP in UDP, charon killed: it comes back by itself, and traffic with it',
    'charon ends in order and starts again: traffic is back by itself',
    'plain ESP between the clusters once both engines have --plain-esp',
    'plain ESP, charon dead: its SAs in the kernel carry on, 0 datagrams are lost',
    'plain ESP, charon starts again: what is lost until new SAs carry is little',
    'charon dead and its SAs gone: whoever sends there is told at once, nobody gets through',
    'charon starts again: everybody is connected again',
    'in all that time not one packet between pods left in the clear',
    'killed agents and `route-agent --cleanup` leave every node as it was, a stranger’s SA and policy too',
  ],
})
