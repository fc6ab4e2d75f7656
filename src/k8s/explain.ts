import { EXIT, UserError } from '../model/errors.ts'
import type { ProblemId } from '../model/problem.ts'
import { NOT_API, NOT_SERVED } from './answers.ts'
import { ApiError } from './api.ts'

/** What a failed call means for the user of the server; an error that is not from a call is given back as it is. No text holds a credential. */
export function explain(error: unknown, server: string): Error {
  if (!(error instanceof ApiError)) return error instanceof Error ? error : new Error(String(error))
  const host = hostOf(server)
  const told = error.code === 0 ? unreached(error.reason, host, error) : answered(error, host)
  return new UserError(told.id, told.text, { exitCode: told.reached === true ? EXIT.failed : EXIT.unreachable, cause: error })
}

interface Told {
  readonly id: ProblemId
  readonly text: string
  readonly reached?: boolean
}

function answered(error: ApiError, host: string): Told {
  if (error.reason === NOT_API || error.reason === 'NoStatus')
    return { id: 'SUB0219', text: `What answers at ${host} is no Kubernetes API server (HTTP ${error.code})` }
  if (error.reason === NOT_SERVED)
    return { id: 'SUB0220', text: `The API server ${host} does not serve what was asked for: ${error.message}`, reached: true }
  if (error.code === 401) return { id: 'SUB0217', text: `The API server ${host} does not accept the credential: ${error.message}` }
  if (error.code === 403) return { id: 'SUB0218', text: `The API server ${host} forbids it: ${error.message}`, reached: true }
  return { id: 'SUB0221', text: `The API server ${host} answers with an error: ${error.message}`, reached: true }
}

const UNTRUSTED = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
  'INVALID_PURPOSE',
]

function unreached(code: string, host: string, error: ApiError): Told {
  const why = error.message.replace(/^https?:\S+: /, '')
  if (['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA'].includes(code))
    return { id: 'SUB0210', text: `No address is found for the API server ${host} (${code})` }
  if (code === 'ECONNREFUSED') return { id: 'SUB0211', text: `The API server ${host} refuses connections` }
  if (['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EACCES', 'EPERM'].includes(code))
    return { id: 'SUB0211', text: `There is no way to the API server ${host} (${code})` }
  if (code === 'TIMEOUT' || code === 'ETIMEDOUT') return { id: 'SUB0212', text: `The API server ${host} does not answer (${why})` }
  if (UNTRUSTED.includes(code))
    return { id: 'SUB0213', text: `The certificate of the API server ${host} is not signed by the authority that was given (${why})` }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return {
      id: 'SUB0214',
      text: `The certificate of the API server ${host} ${code === 'CERT_HAS_EXPIRED' ? 'has run out' : 'is not valid yet'}`,
    }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return { id: 'SUB0215', text: `The certificate of the API server ${host} is for another name (${why})` }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code.startsWith('ERR_OSSL'))
    return { id: 'SUB0216', text: `No TLS connection to the API server ${host} comes about (${code})` }
  if (code.startsWith('HPE_')) return { id: 'SUB0219', text: `What answers at ${host} is no Kubernetes API server (it speaks no HTTP)` }
  return { id: 'SUB0222', text: `The connection to the API server ${host} broke off (${why})` }
}

function hostOf(server: string): string {
  try {
    return new URL(server).host
  } catch {
    return server
  }
}
