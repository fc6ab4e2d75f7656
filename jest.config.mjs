// One project a kind of test, told apart by the end of the file's name (docs/TESTING.md).
const project = (displayName, suffix, more = {}) => ({
  displayName,
  testEnvironment: 'node',
  rootDir: '.',
  testMatch: [`<rootDir>/test/**/*.${suffix}.ts`],
  testPathIgnorePatterns: ['/node_modules/', '/test/cluster/go/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json'],
  transform: { '\\.(ts|yaml)$': '<rootDir>/scripts/jest-esbuild.mjs' },
  transformIgnorePatterns: ['/node_modules/'],
  ...more,
})
// Tests of real kernels, servers and clusters share two busy cores: each gets a second go, and the summary says which one needed it.
const real = { setupFilesAfterEnv: ['<rootDir>/test/setup-real.mjs'] }

export default {
  testSequencer: './test/longest-first.mjs',
  projects: [
    project('unit', 'test', { setupFilesAfterEnv: ['<rootDir>/test/setup-unit.mjs'] }),
    project('kernel', 'kernel', real),
    project('api', 'api', real),
    project('lab', 'lab', real),
    project('loss', 'loss', real),
    project('cluster', 'cluster', real),
    project('full', 'full', real),
    project('vm', 'vm', real),
    project('image', 'image', real),
  ],
}
