import { expect, it } from '@jest/globals'
import { parseAllDocuments } from 'yaml'
import { planNames } from '../../src/install/names/plan.ts'
import { coreDns, facts, KUBEADM } from '../install/names/corefiles.ts'
import { linesUnder } from './guide.ts'

it('the guide of Helm gives CoreDNS the right and the lines that a join would', () => {
  const [lines = '', ...more] = linesUnder('Names of services')
  const [rights = '', block = ''] = [...lines.matchAll(/<<'EOF'\n([\s\S]*?)^EOF$/gm)].map(([, text = '']) => text)
  const plan = planNames(facts(coreDns()), {
    ...{ wish: 'auto', zones: ['clusterset.local'], server: undefined, brokers: ['submariner-k8s-broker'] },
  })
  expect(more).toEqual([])
  expect(parseAllDocuments(rights).map((one) => one.toJS())).toEqual(plan.rights)
  expect(`${block.replaceAll(/^ {2}/gm, '')}${KUBEADM}`).toBe(plan.edits[0]?.after)
})
