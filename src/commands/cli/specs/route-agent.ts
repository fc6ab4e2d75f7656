import { METRICS_FLAGS } from '../../agent/health.ts'
import { AGENT_FLAGS } from '../../agent/settings.ts'
import type { CommandSpec } from './spec.ts'

export const ROUTE_AGENT_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'route-agent',
    part: 'route-agent',
    brief: 'Run the route agent of a node: routes and packet filters between pods and tunnels',
    text: 'Runs on every node until SIGTERM. What it has put into the kernel stays when it ends; --cleanup takes it away.',
    flags: [
      ...AGENT_FLAGS,
      {
        name: 'network-plugin',
        value: 'NAME',
        brief: 'the CNI of the cluster, as `subctl join` found it',
        env: 'SUBMARINER_NETWORKPLUGIN',
      },
      {
        name: 'sysctl-dir',
        value: 'DIR',
        brief: 'where settings of the kernel are written, in a container whose /proc/sys is read-only',
        fallback: '/proc/sys',
      },
      ...METRICS_FLAGS(32782, 'SUBMARINER_PROFILEPORT'),
      { name: 'once', brief: 'bring the kernel to its plan once and end' },
      { name: 'dry-run', brief: 'print the plan as JSON and change nothing' },
      {
        name: 'cleanup',
        brief: 'take away all that any version of this agent put into the kernel, and end; needs no API',
        env: 'SUBMARINER_UNINSTALL',
      },
      {
        name: 'trace',
        brief: 'print what this node’s kernel holds, ours and others’, as JSON, and end; after --cleanup where both are given',
      },
      { name: 'wait-for-node', brief: 'wait until the Node is ready, and end', env: 'SUBMARINER_WAITFORNODE' },
    ],
    examples: [
      ['subctl route-agent --dry-run', 'what this node’s kernel should hold'],
      ['subctl route-agent --once', 'make it so, and end'],
      ['subctl route-agent --cleanup', 'leave no trace on this node'],
      ['subctl route-agent --trace', 'what of ours is on this node'],
    ],
  },
]
