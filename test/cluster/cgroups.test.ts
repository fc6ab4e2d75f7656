import { expect, it } from '@jest/globals'
import { readHierarchies } from './cgroups.ts'

it('finds the hierarchies of version 1 below the process’s own groups, and leaves out those that are not mounted', () => {
  const own = ['12:cpu,cpuacct:/a/b', '4:memory:/a', '3:hugetlb:/', '9:name=systemd:/', '0::/c', ''].join('\n')
  const mounts = [
    'tmpfs /sys/fs/cgroup tmpfs rw 0 0',
    'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0',
    'cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0',
    'cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0',
    'cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0',
  ].join('\n')
  expect(readHierarchies(own, mounts)).toEqual([
    { name: 'cpu,cpuacct', folder: '/sys/fs/cgroup/cpu,cpuacct/a/b' },
    { name: 'memory', folder: '/sys/fs/cgroup/memory/a' },
    { name: 'name=systemd', folder: '/sys/fs/cgroup/systemd/' },
  ])
})
