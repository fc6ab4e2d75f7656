// Packs a folder as an image of one layer that `ctr images import` takes: `kube-image.ts NAME FOLDER OUT.tar [ENTRYPOINT...]`. The format
// is the one of `docker save`.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [name = '', folder = '', out = '', ...entrypoint] = process.argv.slice(2)
const work = mkdtempSync(join(tmpdir(), 'subctl-image-'))
try {
  tar(join(work, 'layer.tar'), folder, ['.'])
  const diffId = `sha256:${createHash('sha256')
    .update(readFileSync(join(work, 'layer.tar')))
    .digest('hex')}`
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: entrypoint, Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: [diffId] },
  }
  writeFileSync(join(work, 'config.json'), JSON.stringify(config))
  writeFileSync(join(work, 'manifest.json'), JSON.stringify([{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]))
  tar(`${out}.new`, work, ['manifest.json', 'config.json', 'layer.tar'])
  renameSync(`${out}.new`, out)
} finally {
  rmSync(work, { recursive: true, force: true })
}

function tar(file: string, from: string, names: readonly string[]): void {
  const same = ['--numeric-owner', '--owner=0', '--group=0', '--sort=name', '--mtime=@0']
  execFileSync('tar', ['-C', from, ...same, '-cf', file, ...names])
}
