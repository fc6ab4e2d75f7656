// YAML files are bundled as their text (esbuild's text loader; scripts/jest-esbuild.mjs does the same).
declare module '*.yaml' {
  const text: string
  export default text
}
