/** Major, minor and patch. */
export type DnsVersion = readonly [number, number, number]

/** The first CoreDNS whose plugin kubernetes has the option multicluster. */
export const FIRST_MULTICLUSTER: DnsVersion = [1, 12, 2]

/** The version that an image's tag says, such as `v1.11.4-eksbuild.2` or `1.12.0`; undefined where it says none, or is a digest. */
export function versionOfImage(image: string): DnsVersion | undefined {
  const tag = /:([^/:@]+)(?:@[^@]*)?$/.exec(image)?.[1] ?? ''
  return image.includes('@') && !/:[^/:@]+@/.test(image) ? undefined : parseVersion(/^v?(\d+\.\d+\.\d+)(?:[-_.+].*)?$/.exec(tag)?.[1] ?? '')
}

/** The version that a running CoreDNS says in its metrics. */
export const versionOfMetrics = (text: string): DnsVersion | undefined =>
  parseVersion(/^coredns_build_info\{[^}\n]*\bversion="v?([^"]*)"/m.exec(text)?.[1] ?? '')

/** The version that CoreDNS says first when it starts. */
export const versionOfLog = (text: string): DnsVersion | undefined => parseVersion(/^CoreDNS-v?(\S+)$/m.exec(text)?.[1] ?? '')

function parseVersion(text: string): DnsVersion | undefined {
  const match = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?![\d.])/.exec(text)
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])]
}

export const isAtLeast = (version: DnsVersion, least: DnsVersion): boolean => {
  const at = version.findIndex((part, i) => part !== least[i])
  return at < 0 || (version[at] ?? 0) > (least[at] ?? 0)
}

export const versionText = (version: DnsVersion): string => version.join('.')
