import { type Cidr, familyOf, parseCidrs } from '../../model/net.ts'
import type { Told } from './control-plane.ts'
import type { Fact } from './seen.ts'

/** The IPv4 networks of a list, equal ones once; none where the text is not such a list. */
export function parseOwn(text: string | undefined): readonly Cidr[] {
  try {
    return [...new Set(parseCidrs(text ?? ''))].filter((cidr) => familyOf(cidr) === 4)
  } catch {
    return []
  }
}

/** Those of the sources that name a network. */
export const facts = (told: readonly Told[]): readonly Fact<readonly Cidr[]>[] =>
  told.map(({ text, source }) => ({ value: parseOwn(text), source })).filter(({ value }) => value.length > 0)
