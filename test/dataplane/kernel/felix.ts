// What Calico's agent felix does to the packet filter of a node that has one workload, isolated by one policy. Marks, chains, comments and
// the places of the jumps are felix's own (iptables data plane, no host endpoints); it knows its rules by the comments alone.
import type { Exec } from '../../../src/system/exec.ts'

/** The host's end of the workload's only link: felix hashes its name into nothing but comments. */
export const WORKLOAD = 'cali95aa86cbb2a'

export interface FelixOptions {
  /** `ChainInsertMode`: where the jumps of felix stand in the kernel's chains. */
  readonly mode: 'insert' | 'append'
  /** Networks that the policy lets in; without one it is a default-deny. */
  readonly allowed: readonly string[]
  /** Networks of all IPPools; packets from the first to what is in none get the node's source address. */
  readonly pools: readonly string[]
}

type Table = 'raw' | 'mangle' | 'nat' | 'filter'
interface Hooked {
  readonly chain: string
  /** At the top or at the end, by the mode. */
  readonly jump: string
  /** At the end whatever the mode. */
  readonly ends?: readonly string[]
}

const named = (hash: string, rule: string): string => `-m comment --comment "cali:${hash}" ${rule}`
const said = (hash: string, why: string, rule: string): string => named(hash, `-m comment --comment "${why}" ${rule}`)
const ACCEPTED = '-m mark --mark 0x10000/0x10000'

const HOOKS: Readonly<Record<Table, readonly Hooked[]>> = {
  raw: [
    { chain: 'PREROUTING', jump: named('6gwbT8clXdHdC1b1', '-j cali-PREROUTING') },
    { chain: 'OUTPUT', jump: named('tVnHkvAo15HuiPy0', '-j cali-OUTPUT') },
  ],
  mangle: [
    { chain: 'PREROUTING', jump: named('6gwbT8clXdHdC1b1', '-j cali-PREROUTING') },
    { chain: 'POSTROUTING', jump: named('O3lYWMrLQYEMJtB5', '-j cali-POSTROUTING') },
  ],
  nat: [
    { chain: 'PREROUTING', jump: named('6gwbT8clXdHdC1b1', '-j cali-PREROUTING') },
    { chain: 'OUTPUT', jump: named('tVnHkvAo15HuiPy0', '-j cali-OUTPUT') },
    { chain: 'POSTROUTING', jump: named('O3lYWMrLQYEMJtB5', '-j cali-POSTROUTING') },
  ],
  filter: [
    { chain: 'INPUT', jump: named('Cz_u1IQiXIMmKD4c', '-j cali-INPUT') },
    {
      chain: 'FORWARD',
      jump: named('wUHhoiAYhphO9Mso', '-j cali-FORWARD'),
      ends: [
        said('S93hcgKJrXEqnTfs', 'Policy explicitly accepted packet.', `${ACCEPTED} -j ACCEPT`),
        named('mp77cMpurHhyjLrM', '-j MARK --set-xmark 0x10000/0x10000'),
      ],
    },
    { chain: 'OUTPUT', jump: named('tVnHkvAo15HuiPy0', '-j cali-OUTPUT') },
  ],
}

/** Chains that are there, empty, while there are no host endpoints. */
const EMPTY: Readonly<Record<Table, readonly string[]>> = {
  raw: ['cali-rpf-skip', 'cali-from-host-endpoint', 'cali-to-host-endpoint'],
  mangle: ['cali-from-host-endpoint', 'cali-to-host-endpoint'],
  nat: ['cali-fip-dnat', 'cali-fip-snat'],
  filter: ['cali-from-hep-forward', 'cali-to-hep-forward', 'cali-from-host-endpoint', 'cali-to-host-endpoint', 'cali-cidr-block'],
}

const POLICY = 'cali-pi-_tTE-E7yY40ogArNVgKt'
const POLICY_SET = 'cali40s:LrVD8vMIGQDyv8Y7sPFB1Ge'
const CLEAR_ALL = '-j MARK --set-xmark 0x0/0xf0000'

/** Of one direction of the workload: what is of a known connection passes, what no policy or profile has accepted does not. */
const workload = (rules: readonly string[]): readonly string[] => [
  named('eCrqwxNk3cKw9Eq6', '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'),
  named('_krp5nzavhAu5avJ', '-m conntrack --ctstate INVALID -j DROP'),
  named('Cu-tVtfKKu413YTT', '-j MARK --set-xmark 0x0/0x10000'),
  ...rules,
  said('sMkvrxvxj13WlTMK', 'Drop if no profiles matched', '-j DROP'),
]

const CHAINS: Readonly<Record<Table, Readonly<Record<string, readonly string[]>>>> = {
  raw: {
    'cali-PREROUTING': [
      named('XFX5xbM8B9qR10JG', CLEAR_ALL),
      `-i cali+ ${named('EWMPb0zVROM-woQp', '-j MARK --set-xmark 0x40000/0x40000')}`,
      named('PWuxTAIaFCtsg5Qa', '-m mark --mark 0x40000/0x40000 -j cali-rpf-skip'),
      named('fSSbGND7dgyemWU7', '-m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP'),
      named('ImU0-4Rl2WoOI9Ou', '-m mark --mark 0x0/0x40000 -j cali-from-host-endpoint'),
      named('lV4V2MPoMBf0hl9T', `${ACCEPTED} -j ACCEPT`),
    ],
    'cali-OUTPUT': [
      named('njdnLwYeGqBJyMxW', CLEAR_ALL),
      named('rz86uTUcEZAfFsh7', '-j cali-to-host-endpoint'),
      named('pN0F5zD0b8yf9W1Z', `${ACCEPTED} -j ACCEPT`),
    ],
  },
  mangle: {
    'cali-PREROUTING': [
      named('6BJqBjBC7crtA-7-', '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'),
      named('KX7AGNd6rMcDUai6', `${ACCEPTED} -j ACCEPT`),
      named('wNH7KsA3ILKJBsY9', '-j cali-from-host-endpoint'),
      said('Cg96MgVuoPm7UMRo', 'Host endpoint policy accepted packet.', `${ACCEPTED} -j ACCEPT`),
    ],
    'cali-POSTROUTING': [
      named('NX-7roTexQ3fGRfU', `${ACCEPTED} -j RETURN`),
      named('nnqPh8lh2VOogSzX', CLEAR_ALL),
      named('nquN8Jw8Tz72pcBW', '-m conntrack --ctstate DNAT -j cali-to-host-endpoint'),
      said('jWrgvDQ0xEZHmta3', 'Host endpoint policy accepted packet.', `${ACCEPTED} -j RETURN`),
    ],
  },
  nat: {
    'cali-PREROUTING': [named('r6XmIziWUJsdOK6Z', '-j cali-fip-dnat')],
    'cali-OUTPUT': [named('GBTAv2p5CwevEyJm', '-j cali-fip-dnat')],
    'cali-POSTROUTING': [named('Z-c7XtVd2Bq7s_hA', '-j cali-fip-snat'), named('nYKhEzDlr11Jccal', '-j cali-nat-outgoing')],
    'cali-nat-outgoing': [
      named(
        'flqWnvo8yq4ULQLa',
        '-m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE --random-fully',
      ),
    ],
  },
  filter: {
    'cali-FORWARD': [
      named('vjrMJCRpqwy5oRoX', '-j MARK --set-xmark 0x0/0xe0000'),
      named('A_sPAO0mcxbT9mOV', '-m mark --mark 0x0/0x10000 -j cali-from-hep-forward'),
      `-i cali+ ${named('8ZoYfO5HKXWbB3pk', '-j cali-from-wl-dispatch')}`,
      `-o cali+ ${named('jdEuaPBe14V2hutn', '-j cali-to-wl-dispatch')}`,
      named('12bc6HljsMKsmfr-', '-j cali-to-hep-forward'),
      named('NOSxoaGx8OIstr1z', '-j cali-cidr-block'),
    ],
    'cali-INPUT': [
      `-i cali+ ${named('8TZGxLWh_Eiz66wc', '-g cali-wl-to-host')}`,
      named('6McIeIDvPdL6PE1T', `${ACCEPTED} -j ACCEPT`),
      named('YGPbrUms7NId8xVa', CLEAR_ALL),
      named('2gmY7Bg2i0i84Wk_', '-j cali-from-host-endpoint'),
      said('q-Vz2ZT9iGE331LL', 'Host endpoint policy accepted packet.', `${ACCEPTED} -j ACCEPT`),
    ],
    'cali-OUTPUT': [
      named('Mq1_rAdXXH3YkrzW', `${ACCEPTED} -j ACCEPT`),
      `-o cali+ ${named('69FkRTJDvD5Vu6Vl', '-j RETURN')}`,
      named('9e9Uf3GU5tX--Lxy', CLEAR_ALL),
      named('0f3LDz_VKuHFaA2K', '-m conntrack ! --ctstate DNAT -j cali-to-host-endpoint'),
      said('OgU2f8BVEAZ_fwkq', 'Host endpoint policy accepted packet.', `${ACCEPTED} -j ACCEPT`),
    ],
    'cali-wl-to-host': [
      named('Ee9Sbo10IpVujdIY', '-j cali-from-wl-dispatch'),
      said('nSZbcOoG1xPONxb8', 'Configured DefaultEndpointToHostAction', '-j ACCEPT'),
    ],
    'cali-from-wl-dispatch': [
      `-i ${WORKLOAD} ${named('R489GtivXlno-SCP', `-g cali-fw-${WORKLOAD}`)}`,
      said('zTj6P0TIgYvgz-md', 'Unknown interface', '-j DROP'),
    ],
    'cali-to-wl-dispatch': [
      `-o ${WORKLOAD} ${named('v3sEoNToLYUOg7M6', `-g cali-tw-${WORKLOAD}`)}`,
      said('7KNphB1nNHw80nIO', 'Unknown interface', '-j DROP'),
    ],
    // No policy for what it sends: the profile of its namespace accepts all.
    [`cali-fw-${WORKLOAD}`]: workload([
      named('0pCFB_VsKq1qUOGl', '-j cali-pro-kns.default'),
      said('mbgUOxlInVlwb2Ie', 'Return if profile accepted', `${ACCEPTED} -j RETURN`),
    ]),
    [`cali-tw-${WORKLOAD}`]: workload([
      said('leBL64hpAXM9y4nk', 'Start of policies', '-j MARK --set-xmark 0x0/0x20000'),
      named('pm-LK-c1ra31tRwz', `-m mark --mark 0x0/0x20000 -j ${POLICY}`),
      said('q_zG8dAujKUIBe0Q', 'Return if policy accepted', `${ACCEPTED} -j RETURN`),
      said('FUDVBYh1Yr6tVRgq', 'Drop if no policies passed packet', '-m mark --mark 0x0/0x20000 -j DROP'),
    ]),
    'cali-pro-kns.default': [
      said('WMSw8BmYOknRHfsz', 'Profile kns.default egress', '-j MARK --set-xmark 0x10000/0x10000'),
      named('_UCrjWldmFR3jSBk', `${ACCEPTED} -j RETURN`),
    ],
    [POLICY]: [
      named('M4Und37HGrw6jUk8', `-m set --match-set ${POLICY_SET} src -j MARK --set-xmark 0x10000/0x10000`),
      named('sEnlfZagUFRSPRoe', `${ACCEPTED} -j RETURN`),
    ],
  },
}

const TABLES = ['raw', 'mangle', 'nat', 'filter'] as const

/** One refresh of felix: chains anew, and jumps that are not where it wants them taken away and put there. Gives the kernel's chains that it mended. */
export async function felixRefresh(exec: Exec, options: FelixOptions): Promise<readonly string[]> {
  await exec(['ipset', '-exist', 'restore'], { input: setLines(options) })
  const { stdout } = await exec(['iptables-nft-save'])
  const mended = TABLES.flatMap((table) => HOOKS[table].filter((hook) => !stands(rulesOf(stdout, table, hook.chain), hook, options.mode)))
  const script = TABLES.flatMap((table) => [
    `*${table}`,
    ...EMPTY[table].map((name) => `:${name} - [0:0]`),
    ...Object.keys(CHAINS[table]).map((name) => `:${name} - [0:0]`),
    ...Object.entries(CHAINS[table]).flatMap(([name, rules]) => rules.map((rule) => `-A ${name} ${rule}`)),
    ...HOOKS[table].filter((hook) => mended.includes(hook)).flatMap((hook) => jumpLines(rulesOf(stdout, table, hook.chain), hook, options)),
    'COMMIT',
  ])
  await exec(['iptables-nft-restore', '--noflush'], { input: `${script.join('\n')}\n` })
  return TABLES.flatMap((table) => HOOKS[table].filter((hook) => mended.includes(hook)).map(({ chain }) => `${table} ${chain}`))
}

const setLines = ({ allowed, pools }: FelixOptions): string => {
  const sets = [
    ['cali40masq-ipam-pools', pools.slice(0, 1)],
    ['cali40all-ipam-pools', pools],
    [POLICY_SET, allowed],
  ] as const
  const lines = sets.flatMap(([name, networks]) => [
    `create ${name} hash:net family inet maxelem 1048576`,
    `flush ${name}`,
    ...networks.map((network) => `add ${name} ${network}`),
  ])
  return `${lines.join('\n')}\n`
}

/** The rules of a chain of the kernel, as iptables-save prints them. */
function rulesOf(save: string, table: Table, chain: string): readonly string[] {
  const section = save.split('\nCOMMIT').find((part) => part.includes(`*${table}\n`)) ?? ''
  return section.split('\n').flatMap((line) => (line.startsWith(`-A ${chain} `) ? [line.slice(`-A ${chain} `.length)] : []))
}

const isFelix = (rule: string): boolean => rule.includes('"cali:')

/** felix compares comments and the number of others' rules: its own must be the first, or the last. */
function stands(rules: readonly string[], { jump, ends = [] }: Hooked, mode: FelixOptions['mode']): boolean {
  const others = rules.map((rule) => (isFelix(rule) ? rule : '')).filter((rule) => rule === '')
  const wanted = mode === 'insert' ? [jump, ...others, ...ends] : [...others, jump, ...ends]
  return rules.map((rule) => (isFelix(rule) ? rule : '')).join('\n') === wanted.join('\n')
}

const jumpLines = (rules: readonly string[], { chain, jump, ends = [] }: Hooked, { mode }: FelixOptions): readonly string[] => [
  ...rules.filter(isFelix).map((rule) => `-D ${chain} ${rule}`),
  mode === 'insert' ? `-I ${chain} 1 ${jump}` : `-A ${chain} ${jump}`,
  ...ends.map((rule) => `-A ${chain} ${rule}`),
]

/** Lines of `ip` on the node for a workload in another namespace, as Calico's CNI plugin makes it: a link of its own, and a route to its one address. */
export const workloadLink = (ns: string, ip: string): readonly string[] => [
  `link add ${WORKLOAD} type veth peer name eth0 netns ${ns}`,
  `link set ${WORKLOAD} up`,
  `route replace ${ip}/32 dev ${WORKLOAD} scope link`,
]
/** The same in the workload's namespace. The node answers for the neighbour by proxy ARP. */
export const workloadAddress = (ip: string): readonly string[] => [
  `addr add ${ip}/32 dev eth0`,
  'link set eth0 up',
  'route add 169.254.1.1 dev eth0 scope link',
  'route add default via 169.254.1.1',
]
