import type { Ip } from '../../model/net.ts'
import type { Epoch } from './directory.ts'
import type { Labels } from './names.ts'

/** Numbers of RFC 1035 and its successors. */
export const TYPE = { A: 1, NS: 2, SOA: 6, HINFO: 13, AAAA: 28, SRV: 33, OPT: 41, IXFR: 251, AXFR: 252, ANY: 255 } as const
export const CLASS_IN = 1
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const
export type Rcode = keyof typeof RCODE

export interface Soa {
  readonly mname: string
  readonly rname: string
  readonly serial: number
  readonly refresh: number
  readonly retry: number
  readonly expire: number
  readonly minimum: number
}
export interface Srv {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}
export type Rdata =
  | { readonly type: 'A'; readonly data: Ip }
  | { readonly type: 'AAAA'; readonly data: Ip }
  | { readonly type: 'NS'; readonly data: string }
  | { readonly type: 'SOA'; readonly data: Soa }
  | { readonly type: 'SRV'; readonly data: Srv }
  | { readonly type: 'HINFO'; readonly data: { readonly cpu: string; readonly os: string } }
/** A record of class IN. */
export type Record_ = Rdata & { readonly owner: Labels; readonly ttl: number }

export interface Question {
  readonly labels: Labels
  readonly type: number
  readonly class: number
}
/** A whole answer, before it is bytes. */
export interface Answer {
  readonly rcode: Rcode
  readonly isAuthoritative: boolean
  readonly answers: readonly Record_[]
  readonly authority: readonly Record_[]
  readonly additional: readonly Record_[]
  /** How many different answers the question has as its turns go round. */
  readonly turns: number
  /** What the answer was made of; it is right as long as all are current. */
  readonly epochs: readonly Epoch[]
}

/** What an answer says, without what is the same for all of a zone. */
export interface Said extends Pick<Answer, 'epochs'> {
  readonly rcode: 'NOERROR' | 'NXDOMAIN'
  readonly answers?: readonly Record_[]
  readonly additional?: readonly Record_[]
  readonly turns?: number
}
