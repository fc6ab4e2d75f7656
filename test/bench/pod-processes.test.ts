import { expect, it } from '@jest/globals'
import { podOf } from './pod-processes.ts'

const UID = '0d6a2f7c-6a5e-4f43-8a5f-2d0f1c1f5a11'

it.each([
  ['burstable', `12:pids:/x/subctl-bed-b-1/west-w1/kubepods/burstable/pod${UID}/4f1c\n1:name=systemd:/x\n`, UID],
  ['guaranteed', `12:pids:/bed/west-w1/kubepods/pod${UID}/4f1c\n`, UID],
  ['the pod itself', `12:pids:/bed/west-w1/kubepods/besteffort/pod${UID}\n`, UID],
  ['a kubelet', '12:pids:/x/subctl-bed-b-1/west-w1\n0::/\n', undefined],
  ['a group that merely looks so', '12:pids:/bed/kubepods/burstable/podium\n', undefined],
])('podOf() knows the pod of a process by its groups: %s', (_, groups, uid) => {
  expect(podOf(groups)).toBe(uid)
})
