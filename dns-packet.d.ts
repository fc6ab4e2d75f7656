// What is used of dns-packet, which brings no types.
declare module 'dns-packet' {
  /** Of one type's data, with its length before it. */
  interface Codec<T> {
    encode: ((data: T, bytes: Buffer, offset: number) => Buffer) & { readonly bytes: number }
  }
  interface Record {
    readonly name: string
    readonly type: string
    readonly ttl?: number
    readonly class?: string
    readonly data?: unknown
  }
  export interface DecodedPacket {
    readonly id: number
    readonly type: 'query' | 'response'
    readonly rcode: string
    readonly flag_aa: boolean
    readonly flag_tc: boolean
    readonly flag_rd: boolean
    readonly questions: readonly { readonly name: string; readonly type: string; readonly class: string }[]
    readonly answers: readonly Record[]
    readonly authorities: readonly Record[]
    readonly additionals: readonly Record[]
  }
  const packet: {
    record(type: string): Codec<unknown>
    decode(bytes: Buffer): DecodedPacket
    encode(message: object): Buffer
  }
  export default packet
}
