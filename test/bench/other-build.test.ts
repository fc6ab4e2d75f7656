import { expect, it } from '@jest/globals'
import { OTHER_IMAGE, otherImage, otherIndex } from './other-build.ts'

const described = (digest: string) => ({ mediaType: 'm', digest, size: 1 })
const layer = { digest: 'sha256:new', size: 9 }

it('otherImage() has the same layers and ids but for the uppermost', () => {
  const image = {
    manifest: { schemaVersion: 2, config: described('sha256:c'), layers: [described('sha256:a'), described('sha256:b')] },
    config: { os: 'linux', rootfs: { type: 'layers', diff_ids: ['sha256:ua', 'sha256:ub'] } },
  }
  expect(otherImage(image, layer)).toEqual({
    manifest: {
      schemaVersion: 2,
      config: described('sha256:c'),
      layers: [described('sha256:a'), { mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    },
    config: { os: 'linux', rootfs: { type: 'layers', diff_ids: ['sha256:ua', 'sha256:new'] } },
  })
})

it('otherIndex() has the other build’s name alone, so that it takes no tag of the first one', () => {
  const annotations = { 'org.opencontainers.image.ref.name': '0.1.0', 'io.containerd.image.name': 'localhost/subctl:0.1.0' }
  expect(otherIndex({ manifests: [{ ...described('sha256:m'), annotations }] }, layer)).toEqual({
    manifests: [{ mediaType: 'm', ...layer, annotations: { 'io.containerd.image.name': OTHER_IMAGE } }],
  })
})
