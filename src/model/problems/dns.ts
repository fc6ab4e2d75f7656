import type { Problems } from '../problem.ts'

export const dnsProblems: Problems = {
  SUB1001: {
    title: 'The DNS server cannot listen',
    cause: 'Another program has the port, or ports below 1024 are not allowed to this user (in a container: without NET_BIND_SERVICE).',
    next: 'See who has it with `ss -lunp sport = :53`, or use --listen HOST:PORT with another port.',
  },
}
