import type { CommandSpec } from './spec.ts'

/** What the pods of `verify` run. */
export const NETTEST_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'nettest',
    part: 'light',
    brief: 'Be one end of a test between pods: give back what is sent, or ask those who do',
    text: [
      'Needs no rights: the pods of `subctl verify` run it in a namespace of level `restricted`. The server listens on one port for TCP and UDP',
      'until SIGTERM, and says in each answer who asked. The client asks each aim, PROTOCOL:IP:PORT:BYTES; so many bytes are sent and expected',
      'back. It prints a line of JSON for each; whether it was reached is in the line, not in the exit code. With --ask it asks the DNS for',
      'names instead, and a line for each says what the answer was, or which code there was in its place; with --repeat it goes on asking',
      'until SIGTERM, and a line comes whenever an answer is another than before. With --flow it sends numbered datagrams until SIGTERM',
      'instead, and a line a second says how many were lost and for how long.',
    ].join('\n'),
    args: [{ name: 'end', brief: 'which end', choices: ['server', 'client'] }],
    flags: [
      { name: 'listen', value: 'IP', brief: 'server: the address to listen on', fallback: '0.0.0.0' },
      { name: 'port', value: 'PORT', brief: 'server: TCP and UDP', fallback: '8080' },
      { name: 'name', value: 'NAME', brief: "server: what it calls itself in answers; default: the machine's name", env: 'POD_NAME' },
      { name: 'aim', value: 'AIM', brief: 'client: what to ask, such as tcp:10.2.0.5:8080:1000', many: true },
      { name: 'patience', value: 'TIME', brief: 'client: how long an aim that does not answer is asked again', fallback: '10s' },
      { name: 'parallel', value: 'N', brief: 'client: how many aims are asked at once', fallback: '8' },
      { name: 'ask', value: 'NAME', brief: 'client: a name to ask the DNS for: A, or SRV where it begins with _', many: true },
      { name: 'repeat', value: 'TIME', brief: 'client: ask each name again after this time, until SIGTERM' },
      { name: 'dns-server', value: 'IP[:PORT]', brief: 'client: whom to ask for names; default: the DNS servers of the pod' },
      { name: 'flow', value: 'AIM', brief: 'client: what to send numbered datagrams to' },
      { name: 'every', value: 'TIME', brief: 'client: time between two datagrams of a flow', fallback: '20ms' },
    ],
    examples: [
      ['subctl nettest server', 'listen on port 8080'],
      ['subctl nettest client --aim tcp:10.2.0.5:8080:1000 --aim udp:10.2.0.5:8080:1200', 'ask one server twice'],
      ['subctl nettest client --ask web.shop.svc.clusterset.local', 'what the DNS says'],
      ['subctl nettest client --flow udp:10.2.0.5:8080:100', 'count what is lost'],
    ],
  },
]
