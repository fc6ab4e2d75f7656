import { isLabel } from '../../model/names.ts'
import { type Given, usage } from './given.ts'

/** What --allow-namespaces names, each once. Throws a usage error where one cannot be a namespace. */
export function allowedNamespaces(given: Given): readonly string[] {
  const names = (given.text('allow-namespaces') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const wrong = names.find((name) => !isLabel(name))
  if (wrong !== undefined) throw usage(`--allow-namespaces has "${wrong}"; it must be names of namespaces`, 'allow-namespaces')
  return [...new Set(names)]
}
