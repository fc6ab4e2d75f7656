import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** SHA-256 of the text's UTF-8, in hex. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** HMAC-SHA256 of the text, as base64url. The key is base64. */
export const hmacSha256 = (key: string, text: string): string =>
  createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64url')

/** Compares in a time that does not tell where the texts differ. */
export function sameSecret(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
