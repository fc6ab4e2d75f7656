import type { Tls } from '../system/http.ts'

/** What a request proves itself with; `ca` is what the server does. PEM texts and a bearer token. */
export interface Credentials {
  readonly ca?: string
  readonly token?: string
  readonly cert?: string
  readonly key?: string
  /** Basic authentication, `name:password`. */
  readonly basic?: string
}

/** Where an API is and how to speak to it. */
export interface Access {
  /** `https://host:port`, with a path where the API has one in front. */
  readonly server: string
  readonly insecure?: boolean
  /** The name that the server's certificate must hold. Default: the host in `server`. */
  readonly tlsServerName?: string
  /** The namespace that a kubeconfig's context names, where it does. */
  readonly namespace?: string
  /** Called before each request, so that rotated files count at once. */
  readonly credentials: () => Promise<Credentials>
}

/** Access with credentials that stay as they are. */
export const fixedAccess = (server: string, credentials: Credentials, more: Pick<Access, 'insecure' | 'tlsServerName'> = {}): Access => ({
  server,
  credentials: async () => credentials,
  ...more,
})

export const tlsOf = (access: Access, { ca, cert, key }: Credentials): Tls => ({
  ...(ca !== undefined && { ca }),
  ...(cert !== undefined && { cert }),
  ...(key !== undefined && { key }),
  ...(access.insecure !== undefined && { insecure: access.insecure }),
  ...(access.tlsServerName !== undefined && { serverName: access.tlsServerName }),
})
