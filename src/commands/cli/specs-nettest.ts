import type { CommandSpec } from './spec.ts'

/** What the pods of `verify` run. */
export const NETTEST_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'nettest server',
    part: 'agent',
    brief: 'Give back what is sent, and say where it came from: one end of a test between pods',
    text: 'Listens on one port for TCP and UDP until SIGTERM. Needs no rights: the pods of `subctl verify` run it in a namespace of level `restricted`.',
    args: [],
    flags: [
      { name: 'listen', value: 'IP', brief: 'the address to listen on', fallback: '0.0.0.0' },
      { name: 'port', value: 'PORT', brief: 'TCP and UDP', fallback: '8080' },
      { name: 'name', value: 'NAME', brief: "what it calls itself in answers; default: the machine's name", env: 'POD_NAME' },
    ],
    examples: [['subctl nettest server', 'listen on port 8080']],
  },
  {
    name: 'nettest client',
    part: 'agent',
    brief: 'Ask servers of `nettest`, and print a line of JSON for each answer: the other end of a test between pods',
    text: [
      'An aim is PROTOCOL:IP:PORT:BYTES; so many bytes are sent and expected back. The lines say whether each was reached; the exit code is 0 then',
      'too. With --flow it sends numbered datagrams until SIGTERM, and a line a second says how many were lost and for how long.',
    ].join('\n'),
    args: [],
    flags: [
      { name: 'aim', value: 'AIM', brief: 'what to ask, such as tcp:10.2.0.5:8080:1000', many: true },
      { name: 'flow', value: 'AIM', brief: 'what to send numbered datagrams to' },
      { name: 'every', value: 'TIME', brief: 'time between two datagrams of a flow', fallback: '20ms' },
      { name: 'patience', value: 'TIME', brief: 'how long an aim that does not answer is asked again', fallback: '10s' },
      { name: 'parallel', value: 'N', brief: 'how many aims are asked at once', fallback: '8' },
    ],
    examples: [
      ['subctl nettest client --aim tcp:10.2.0.5:8080:1000 --aim udp:10.2.0.5:8080:1200', 'ask one server twice'],
      ['subctl nettest client --flow udp:10.2.0.5:8080:100', 'count what is lost'],
    ],
  },
]
