import { expect, it } from '@jest/globals'
import { sweepLeftovers } from '../../../src/dataplane/ipsec/daemon/leftovers.ts'
import type { Exec } from '../../../src/system/exec.ts'

const STATES = `src 172.30.0.1 dst 172.30.0.2
	proto esp spi 0xc6f1a2b3(3337724595) reqid 1392508929(0x53000001) mode tunnel
	replay-window 0 seq 0x00000000 flag af-unspec (0x00100000)
	aead rfc4106(gcm(aes)) 0x00 128
	if_id 0x537562
src 172.30.0.1 dst 172.30.0.9
	proto esp spi 0xaaaaaaaa(2863311530) reqid 7(0x00000007) mode tunnel
	replay-window 0 seq 0x00000000 flag af-unspec (0x00100000)
`
const POLICIES = `src 10.1.0.0/16 dst 10.2.0.0/16 
	dir out priority 379519 
	tmpl src 172.30.0.1 dst 172.30.0.2
		proto esp spi 0xc6f1a2b3 reqid 1392508929 mode tunnel
	if_id 0x537562
src 10.1.0.0/16 dst 10.9.0.0/16 
	dir out priority 379519 
	tmpl src 172.30.0.1 dst 172.30.0.9
		proto esp spi 0xaaaaaaaa reqid 7 mode tunnel
`

it('what a killed charon left goes, by table and reqid; what is not ours stays, and four programs read it: the first list of xfrm ends a batch', async () => {
  const changes: string[] = []
  let reads = 0
  const exec: Exec = async (argv, { input } = {}) => {
    const line = argv.join(' ')
    const answers: Readonly<Record<string, string>> = {
      'ip -4 -j -force -batch -':
        '[{"priority":151,"src":"all","table":"151"}]\n[{"dst":"10.2.0.0/16","dev":"ipsec0"},{"dst":"172.30.0.2","gateway":"172.30.0.9"}]\n',
      // A table that is not there.
      'ip -6 -j -force -batch -': '[{"priority":151,"src":"all","table":"99"}]\n',
      'ip -d xfrm state list': STATES,
      'ip -d xfrm policy list': POLICIES,
    }
    if (line in answers) reads += 1
    else changes.push(line)
    expect(input !== undefined).toBe(line.includes('-batch'))
    return { code: 0, stdout: answers[line] ?? '', stderr: '' }
  }
  expect(await sweepLeftovers(exec)).toHaveLength(5)
  expect(reads).toBe(4)
  expect(changes).toEqual([
    'ip -4 rule del pref 151 table 151',
    'ip -4 route del 10.2.0.0/16 table 151 proto static',
    'ip -4 route del 172.30.0.2 table 151 proto static',
    'ip xfrm state delete src 172.30.0.1 dst 172.30.0.2 proto esp spi 0xc6f1a2b3',
    'ip xfrm policy delete src 10.1.0.0/16 dst 10.2.0.0/16 dir out if_id 0x537562',
  ])
})
