import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { blockIn, withBlock, withoutBlock } from '../../../src/install/names/block.ts'
import { isAtLeast, versionOfImage, versionOfLog, versionOfMetrics } from '../../../src/install/names/coredns-version.ts'
import { clusterBlock, readCorefile, whoServes } from '../../../src/install/names/corefile.ts'
import { stubEntry, withoutStubs, withStubs } from '../../../src/install/names/stub-domains.ts'
import { AKS, GARDENER, K3S, KUBEADM, LIGHTHOUSE, NODE_LOCAL } from './corefiles.ts'

describe('readCorefile() sees blocks, keys and imports', () => {
  it.each([
    ['kubeadm', KUBEADM, ['.:53'], []],
    ['k3s', K3S, ['.:53'], ['/etc/coredns/custom/*.server']],
    ['AKS, with quotes and a comment after the import', AKS, ['.:53'], ['custom/*.server']],
    ['a node’s cache', NODE_LOCAL, ['cluster.local:53', 'in-addr.arpa:53', '.:53'], []],
    ['keys over two lines, and a snippet', '(a) {\n errors\n}\nx.org,\ny.org:1053 {\n import a\n}\n', ['(a)', 'x.org', 'y.org:1053'], []],
    ['a brace in quotes and in a comment', '. {\n  template A "{ {" # }\n}\n', ['.'], []],
  ])('%s', (_, text, keys, imports) => {
    const read = readCorefile(text)
    expect(read?.blocks.flatMap((block) => block.keys)).toEqual(keys)
    expect(read?.imports).toEqual(imports)
  })
  it.each([
    ['a brace without end', '. {\n errors\n'],
    ['a brace too many', '. {\n}\n}\n'],
    ['the form without braces', '.:53\nerrors\n'],
    ['a quotation without end', '. {\n template "a\n}\n'],
  ])('and does not understand %s', (_, text) => {
    expect(readCorefile(text)).toBeUndefined()
  })
  it('the cluster’s own block has its port and domain', () => {
    const seen = [KUBEADM, GARDENER, LIGHTHOUSE, 'cluster.example:1053 {\n kubernetes\n}\n'].map((text) => {
      const read = readCorefile(text)
      const own = read && clusterBlock(read)
      return [own?.port, own?.domain]
    })
    expect(seen).toEqual([
      [53, 'cluster.local'],
      [8053, 'corp.example'],
      [53, 'cluster.local'],
      [1053, 'cluster.example'],
    ])
  })
  it.each([
    ['Lighthouse', LIGHTHOUSE, 'a server block clusterset.local:53 that forwards to 10.43.99.88'],
    ['a zone with a dot and capitals', 'ClusterSet.Local. {\n file x\n}\n', 'a server block ClusterSet.Local.'],
    [
      'the option in the block of the cluster',
      KUBEADM.replace('ttl 30', 'multicluster clusterset.local'),
      'the line "multicluster clusterset.local" of the server block .:53',
    ],
    [
      'a forwarding in the block of the cluster',
      KUBEADM.replace('loop', 'forward clusterset.local 10.1.1.1'),
      'the line "forward clusterset.local 10.1.1.1" of the server block .:53',
    ],
    ['a name alike', 'my-clusterset.local {\n errors\n}\n', undefined],
    ['nobody', KUBEADM, undefined],
  ])('who serves the zone: %s', (_, text, who) => {
    const read = readCorefile(text)
    expect(read && whoServes(read, ['clusterset.local'])).toBe(who)
  })
})

describe('our part of a Corefile', () => {
  const BLOCK = 'clusterset.local:53 {\n    errors\n}'
  const anyText = fc
    .array(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\n', '\r\n', '# END subctl\n', '# BEGIN', ' ', '.:53 {\n', '}\n', KUBEADM)),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''))
    .filter((text) => withoutBlock(text) === text)
  it('comes out again byte for byte, whatever the text is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const added = withBlock(text, BLOCK)
        expect(added).not.toBe(text)
        expect(added === undefined ? undefined : withoutBlock(added)).toBe(text)
      }),
    )
  })
  it('is put in once, however often, and changes with what is put in', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = withBlock(text, BLOCK) ?? ''
        expect(withBlock(once, BLOCK)).toBe(once)
        const other = withBlock(once, 'other {\n}') ?? ''
        expect(blockIn(other)).toBe('other {\n}')
        expect(withoutBlock(other)).toBe(text)
      }),
    )
  })
  it('comes out of a text that others have changed before and after it', () => {
    fc.assert(
      fc.property(anyText, anyText, (before, after) => {
        const prefix = before === '' ? '' : `${before}\n`
        const text = `${prefix}${withBlock(after, BLOCK)}`
        expect(withoutBlock(text)).toBe(prefix + after)
      }),
    )
  })
  it('comes out of a text that was indented, or got other ends of line, and with what others wrote into it', () => {
    const text = `  ${withBlock('a {\n}\n', BLOCK)?.replaceAll('\n', '\r\n  ')}`.replace('errors', 'log\n errors')
    expect(withoutBlock(text)).toBe('  a {\r\n  }\r\n  ')
  })
  it('is not touched where its marks do not match', () => {
    const text = withBlock(KUBEADM, BLOCK) ?? ''
    expect(withoutBlock(text.replace('# END subctl\n', ''))).toBeUndefined()
    expect(withBlock(text.replace('# END subctl\n', ''), BLOCK)).toBeUndefined()
    expect(withoutBlock(`${text.split('\n')[0]}\n${text}`)).toBeUndefined()
  })
})

describe('stub domains of kube-dns', () => {
  const entry = stubEntry(['clusterset.local', 'corp.example'], '10.0.0.53')
  const spaces = fc.array(fc.constantFrom(' ', '\n', '\t'), { maxLength: 3 }).map((all) => all.join(''))
  const jsonText = fc
    .tuple(spaces, fc.dictionary(fc.string(), fc.array(fc.string())), fc.constantFrom(undefined, 1, 2, '\t'))
    .map(([blank, object, indent]) => `${blank}${JSON.stringify(object, null, indent)}${blank}`)
  it('come out again byte for byte', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const added = withStubs(text, entry) ?? ''
        expect(JSON.parse(added)).toMatchObject({ 'clusterset.local': ['10.0.0.53'], 'corp.example': ['10.0.0.53'] })
        expect(withoutStubs(added, entry, false)).toBe(text)
      }),
    )
  })
  it('come out of a text that others have written anew, and stay where they are others’ by now', () => {
    const added = JSON.stringify({ a: ['1.1.1.1'], ...JSON.parse(withStubs('{}', entry) ?? ''), b: ['2.2.2.2'] }, null, 4)
    expect(withoutStubs(added, entry, false)).toBe('{"a":["1.1.1.1"],"b":["2.2.2.2"]}')
    const changed = '{"clusterset.local":["9.9.9.9"]}'
    expect(withoutStubs(changed, entry, false)).toBe(changed)
  })
  it('go with the key that came with them', () => {
    expect(withoutStubs(withStubs(undefined, entry) ?? '', entry, true)).toBeUndefined()
    expect(withoutStubs(withStubs('{"a":["1.1.1.1"]}', entry) ?? '', entry, true)).toBe('{"a":["1.1.1.1"]}')
  })
  it.each(['', '[]', 'clusterset.local', '{'])('of a text that is no object nothing is made: %j', (text) => {
    expect(withStubs(text, entry)).toBeUndefined()
  })
})

describe('which CoreDNS runs', () => {
  it.each([
    ['registry.k8s.io/coredns/coredns:v1.12.4', '1.12.4'],
    ['rancher/mirrored-coredns-coredns:1.12.0', '1.12.0'],
    ['account.dkr.example:5000/eks/coredns:v1.11.4-eksbuild.2', '1.11.4'],
    ['rancher/hardened-coredns:v1.12.1-build20250401', '1.12.1'],
    ['coredns/coredns:1.13.0@sha256:aa', '1.13.0'],
    ['coredns/coredns@sha256:aa', undefined],
    ['registry:5000/coredns', undefined],
    ['localhost/coredns:1', undefined],
    ['coredns:latest', undefined],
    ['coredns:1.12.2.3', '1.12.2'],
  ])('image %s', (image, version) => {
    expect(versionOfImage(image)?.join('.')).toBe(version)
  })
  it('metrics say it too', () => {
    const metrics = 'coredns_build_info_other 1\ncoredns_build_info{goversion="go1.24",revision="1a",version="1.12.4"} 1\n'
    expect(versionOfMetrics(metrics)?.join('.')).toBe('1.12.4')
    expect(versionOfMetrics('nothing')).toBeUndefined()
  })
  it('so does the beginning of the log, and no line that only names it', () => {
    expect(versionOfLog('.:53\n[INFO] plugin/reload: a = b\nCoreDNS-1.12.4\nlinux/amd64, go1.26\n')?.join('.')).toBe('1.12.4')
    expect(versionOfLog('[INFO] 10.1.1.1: CoreDNS-9.9.9\n')).toBeUndefined()
  })
  it.each([
    [[1, 12, 2], true],
    [[1, 12, 10], true],
    [[1, 13, 0], true],
    [[2, 0, 0], true],
    [[1, 12, 1], false],
    [[1, 9, 9], false],
    [[0, 99, 99], false],
  ] as const)('%j is at least 1.12.2: %s', (version, is) => {
    expect(isAtLeast(version, [1, 12, 2])).toBe(is)
  })
})
