// The answer to a question, as a function of what there is. Names and choices are those of upstream's plugin; what does not exist is said as RFC 2308 has it.
import type { Directory } from './directory.ts'
import { type Labels, readName, SERVER_LABELS, zoneOf } from './names.ts'
import { type Answer, CLASS_IN, type Question, type Rcode, type Record_, type Said, TYPE } from './records.ts'
import { addressRecords, type Choice, serviceAnswer } from './service-answer.ts'

export interface AnswerSettings extends Choice {
  /** What this server answers for. */
  readonly zones: readonly Labels[]
  readonly ttlSeconds: number
  /** Of this server, where they are known: those of the zones' name server. */
  readonly serverAddresses: Parameters<typeof addressRecords>[1]
}

/** `turn` chooses among equals: turns that follow each other go round them. */
export function answerTo(question: Question, directory: Directory, settings: AnswerSettings, turn: number): Answer {
  const zone = zoneOf(question.labels, settings.zones)
  const isTransfer = question.type === TYPE.AXFR || question.type === TYPE.IXFR
  if (zone === undefined || isTransfer || question.class !== CLASS_IN) return without('REFUSED')
  if (!directory.isComplete) return { ...without('SERVFAIL'), epochs: [directory.names] }
  const said = saidOf(question, directory, { settings, zone, turn })
  const { answers = [], additional = [], turns = 1 } = said
  const authority = answers.length === 0 ? [soaOf(zone, settings.ttlSeconds)] : []
  return { rcode: said.rcode, isAuthoritative: true, answers, authority, additional, turns, epochs: said.epochs }
}

const without = (rcode: Rcode): Answer => ({
  rcode,
  isAuthoritative: false,
  answers: [],
  authority: [],
  additional: [],
  turns: 1,
  epochs: [],
})

interface Where {
  readonly settings: AnswerSettings
  readonly zone: Labels
  readonly turn: number
}

function saidOf(question: Question, directory: Directory, { settings, zone, turn }: Where): Said {
  const { labels, type } = question
  const { ttlSeconds: ttl, serverAddresses } = settings
  const name = readName(labels.slice(0, labels.length - zone.length))
  const isThere = (answers: readonly Record_[] = []): Said => ({
    rcode: 'NOERROR',
    answers: type === TYPE.ANY ? [minimal(labels, ttl)] : answers,
    epochs: [directory.names],
  })
  switch (name.kind) {
    case 'service': {
      const said = serviceAnswer(name, question, directory, { settings, zone, ttl, turn })
      return type === TYPE.ANY && said.rcode === 'NOERROR' ? { ...said, answers: [minimal(labels, ttl)], turns: 1 } : said
    }
    case 'apex':
      if (type === TYPE.SOA) return isThere([soaOf(zone, ttl)])
      return isThere(type === TYPE.NS ? [{ owner: zone, ttl, type: 'NS', data: serverOf(zone) }] : [])
    case 'server':
      return isThere(addressRecords(labels, serverAddresses, { type, ttl }))
    case 'namespace':
      return directory.hasNamespace(name.namespace) ? isThere() : { rcode: 'NXDOMAIN', epochs: [directory.names] }
    case 'namespaces':
    case 'above-server':
      return isThere()
    case 'none':
      return { rcode: 'NXDOMAIN', epochs: [] }
  }
}

const serverOf = (zone: Labels): string => [...SERVER_LABELS, ...zone].join('.')

const REFRESH = { refresh: 7_200, retry: 1_800, expire: 86_400 }
/** The serial says nothing: nobody copies the zone. */
const soaOf = (zone: Labels, ttl: number): Record_ => ({
  owner: zone,
  ttl,
  type: 'SOA',
  data: { mname: serverOf(zone), rname: ['hostmaster', ...zone].join('.'), serial: 1, ...REFRESH, minimum: ttl },
})

/** To ANY, as RFC 8482 has it: one small record that is of no use to whom it is reflected. */
const minimal = (owner: Labels, ttl: number): Record_ => ({ owner, ttl, type: 'HINFO', data: { cpu: 'RFC8482', os: '' } })
