// Every problem that subctl can report, by id. `subctl explain SUB0123` prints the entry; a test sees that ids are unique and in use.
import type { Problems } from './problem.ts'
import { brokerProblems } from './problems/broker.ts'
import { checkProblems } from './problems/checks.ts'
import { commandProblems } from './problems/commands.ts'
import { dnsProblems } from './problems/dns.ts'
import { installProblems } from './problems/install.ts'
import { kubeProblems } from './problems/kube.ts'
import { nodeProblems } from './problems/node.ts'
import { removeProblems } from './problems/remove.ts'
import { serverProblems } from './problems/server.ts'
import { serviceProblems } from './problems/services.ts'

/** One table a room, so that each keeps its own range: 01 command line, 02 Kubernetes API, 03 broker, 04 install, 05 node, 06 checks, 07 central API server, 08 leaving, 09 services across clusters, 10 DNS server. */
export const PROBLEMS: Problems = {
  ...commandProblems,
  ...kubeProblems,
  ...brokerProblems,
  ...installProblems,
  ...nodeProblems,
  ...checkProblems,
  ...serverProblems,
  ...removeProblems,
  ...serviceProblems,
  ...dnsProblems,
}
