// Prometheus's text format. Metrics are made anew for each scrape of what is so at the time: no series outlives what it tells of.

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly samples: readonly Sample[]
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** The text of the metrics; those without samples are left out. */
export const exposition = (metrics: readonly Metric[]): string =>
  metrics
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, help, type, samples }) =>
        `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}\n${samples.map((sample) => line(name, sample)).join('')}`,
    )
    .join('')

function line(name: string, { labels = {}, value }: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeText(text).replaceAll('"', '\\"')}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}\n`
}

const escapeText = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const numberText = (value: number): string => (Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN')

/** What every process may tell of itself, by the usual names. */
export function processMetrics(): readonly Metric[] {
  const { rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const one = (name: string, type: Metric['type'], help: string, value: number): Metric => ({ name, help, type, samples: [{ value }] })
  return [
    one('process_cpu_seconds_total', 'counter', 'User and system CPU time of this process.', (user + system) / 1_000_000),
    one('process_resident_memory_bytes', 'gauge', 'Resident memory of this process.', rss),
    one('process_start_time_seconds', 'gauge', 'Start of this process, in unix time.', Math.round(Date.now() / 1000 - process.uptime())),
  ]
}
