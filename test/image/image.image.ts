// The image: made twice, read by another tool, and run as it will run in clusters.
import { spawnSync } from 'node:child_process'
import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { EXIT } from '../../src/model/errors.ts'
import { until } from '../lab/until.ts'
import { ARCH, ARCHIVE, inspect, makeImage, run, start, type Unpacked, unpack } from './unpacked.ts'

const isEmpty = ({ parentPath, name }: Dirent): boolean => statSync(join(parentPath, name)).size === 0

describe('the image', () => {
  let image: Unpacked = { root: '', remove: () => undefined }
  beforeAll(async () => {
    await makeImage()
    image = await unpack()
  }, 1_200_000)
  afterAll(() => image.remove())

  it('is read by another tool: platform, entrypoint and labels', async () => {
    expect(await inspect('--config')).toMatchObject({
      architecture: ARCH,
      os: 'linux',
      config: {
        Entrypoint: ['subctl'],
        Labels: {
          'org.opencontainers.image.title': 'subctl',
          'org.opencontainers.image.licenses': 'Apache-2.0',
          'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
          'org.opencontainers.image.revision': expect.stringMatching(/^([0-9a-f]{40}|unknown)(-dirty)?$/),
          'org.opencontainers.image.created': expect.stringMatching(/^20\d\d-.*Z$/),
        },
      },
    })
  })
  it('has less than 120 MB', () => {
    expect(statSync(ARCHIVE).size).toBeLessThan(120e6)
  })
  it('has every program that the agents start, of kinds that run there', () => {
    const programs = [
      ...[
        ['subctl', 'version'],
        ['subctl', 'charon', '--help'],
        ['subctl', 'engine', '--help'],
        ['subctl', 'route-agent', '--help'],
      ],
      ...['nft', 'legacy'].flatMap((kind) => ['', '-save', '-restore'].map((verb) => [`iptables-${kind}${verb}`, '-V'])),
      ...[
        ['ip', '-V'],
        ['bridge', '-V'],
        ['ipset', '--help'],
        ['fping', '-v'],
        ['tcpdump', '--version'],
        ['wg', '--version'],
      ],
      ...[
        ['swanctl', '--help'],
        ['setpriv', '--version'],
        ['install', '--version'],
      ],
    ]
    const ran = programs.map((argv) => ({ argv, ...run(image.root, ...argv) }))
    expect(ran.filter(({ status, text }) => status !== 0 || /not found|No such file|failed/.test(text))).toEqual([])
    expect(existsSync(join(image.root, 'usr/sbin/charon-systemd'))).toBe(true)
  })
  it('lists what it has, inside and beside the archive', () => {
    const inside = readFileSync(join(image.root, 'usr/share/subctl/sbom.spdx.json'), 'utf8')
    expect(readFileSync(`dist/subctl-image-${ARCH}.spdx.json`, 'utf8')).toBe(inside)
    const { packages } = JSON.parse(inside) as { readonly packages: readonly { readonly name: string; readonly externalRefs: object }[] }
    const listed = packages.filter(({ externalRefs }) => JSON.stringify(externalRefs).includes('pkg:deb/')).map(({ name }) => name)
    const dpkg = ['--admindir', join(image.root, 'var/lib/dpkg'), '-W']
    const installed = spawnSync('dpkg-query', dpkg, { encoding: 'utf8' })
      .stdout.trim()
      .split('\n')
      .map((line) => line.split(/[:\t]/)[0] ?? '')
    expect(listed.toSorted()).toEqual(installed.toSorted())
    expect(listed).toEqual(expect.arrayContaining(['charon-systemd', 'fping', 'ipset', 'iptables', 'iproute2', 'wireguard-tools']))
    expect(packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['subctl', 'node', 'ipaddr.js']))
  })
  it('has no manuals, translations, package lists, Perl, device nodes or names of the machine that made it', () => {
    const filesIn = (folder: string): string[] => {
      const path = join(image.root, folder)
      const found = existsSync(path) ? readdirSync(path, { recursive: true, withFileTypes: true }) : []
      return found.filter((file) => !file.isDirectory() && !(file.isFile() && isEmpty(file))).map(({ name }) => name)
    }
    for (const folder of ['usr/share/man', 'usr/share/locale', 'usr/share/info', 'var/cache', 'var/log', 'var/lib/apt', 'dev'])
      expect({ folder, files: filesIn(folder) }).toEqual({ folder, files: [] })
    expect(filesIn('usr/bin')).not.toContain('perl')
    for (const file of ['resolv.conf', 'hostname']) expect(readFileSync(join(image.root, 'etc', file), 'utf8')).toBe('')
  })
  it('runs charon on a read-only root with NET_ADMIN and NET_RAW alone, and ends it in order', async () => {
    const charon = start(image.root, 'subctl', 'charon', '--esp', 'userspace')
    try {
      await until('charon is up', async () => charon.log().includes('charon is up')).catch((error: unknown) => {
        throw new Error(charon.log(), { cause: error })
      })
      const stats = await charon.beside('swanctl', '--stats', '--uri', 'unix:///run/submariner/charon.vici')
      expect(stats).toMatch(/loaded plugins: .*kernel-libipsec.*vici/)
      expect(await charon.beside('ip', 'link', 'show', 'ipsec0')).toContain('ipsec0')
      expect(readFileSync(`/proc/${charon.pid()}/status`, 'utf8')).toMatch(/^CapBnd:\t0000000000003000$/m)
      process.kill(charon.pid(), 'SIGTERM')
      expect(await charon.ended).toBe(EXIT.done)
    } finally {
      charon.kill()
    }
  })
  it('made once more of the same binary is the same, bit for bit', async () => {
    const first = await inspect()
    await makeImage()
    expect(await inspect()).toEqual(first)
  }, 1_200_000)
})
