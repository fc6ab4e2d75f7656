// Whether this machine can carry a bed.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { controlPlaneMissing, isProgram, kubeFolder, kubeProgram } from './control-plane.ts'

const PROGRAMS = ['kubelet', 'kube-proxy', 'kube-scheduler', 'pause', 'flanneld']
const PACKAGES = ['/usr/bin/containerd', '/usr/bin/ctr', '/usr/sbin/runc', '/usr/lib/cni/bridge']

/** Why no bed can be made here; undefined where one can. */
export function bedMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root'
  const missing = PROGRAMS.filter((name) => !isProgram(kubeProgram(name)))
  const images = join(kubeFolder(), 'images')
  if (missing.length > 0 || !existsSync(images) || readdirSync(images).length === 0)
    return `${[...missing, 'images'].join(', ')} not in ${kubeFolder()}: run scripts/kube-build cluster (needs Go)`
  const packages = PACKAGES.filter((path) => !isProgram(path))
  if (packages.length > 0) return `${packages.join(', ')} not there: run scripts/setup lab cluster`
  return controlPlaneMissing()
}
