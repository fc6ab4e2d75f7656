// Kernel ESP and XFRM interfaces, in a virtual machine whose kernel has them. `scripts/jest vm`; about two minutes.
import { describeGuest } from '../../vm/guest.ts'

describeGuest('with ESP in the kernel', {
  program: 'test/dataplane/ipsec/esp-guest.ts',
  modules: 'esp4 xfrm_user xfrm_interface veth bridge tun seqiv echainiv authenc gcm cbc sha256_generic',
  says: [
    'the probe finds ESP in the kernel',
    'ESP in UDP carries packets',
    'ESP is in UDP',
    'charon makes no route and no rule',
    'a second pass changes nothing',
    'rekeying loses no packet',
    'plain ESP carries packets after a change of the setting',
    'charon killed: its SAs are swept, and new ones carry packets',
    'without tunnels nothing gets through the device',
    'clean-up leaves nothing in the kernel',
    'everything ends',
  ],
})
