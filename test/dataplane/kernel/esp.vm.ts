// Nodes under their plans with ESP in the kernel: packets pass our filters twice, before and after they are led to the SA. `scripts/jest vm`.
import { describeGuest } from '../../vm/guest.ts'

describeGuest('with ESP in the kernel', {
  program: 'test/dataplane/kernel/esp-guest.ts',
  modules: 'esp4 xfrm_user xfrm_interface veth bridge tun seqiv gcm',
  says: [
    'pods and hosts reach each other',
    'without SAs and policies nothing leaves',
    'nor does anything without the device',
    'without us it does',
  ],
})
