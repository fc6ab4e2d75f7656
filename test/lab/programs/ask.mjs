// Asks echoes, one line of JSON for each: `node ask.mjs TIMEOUT_MS URL...`; {url, name, from} or {url, error}.
import { get } from 'node:http'

const [timeoutMs, ...urls] = process.argv.slice(2)

const ask = (url) =>
  new Promise((settle) => {
    const request = get(url, { signal: AbortSignal.timeout(Number(timeoutMs)), agent: false }, async (response) => {
      const chunks = []
      try {
        for await (const chunk of response) chunks.push(chunk)
        const { name, from, padding } = JSON.parse(Buffer.concat(chunks).toString())
        settle({ url, name, from, bytes: padding.length })
      } catch (error) {
        settle({ url, error: String(error.code ?? error) })
      }
    })
    request.on('error', (error) => settle({ url, error: String(error.code ?? error) }))
  })

for (const answer of await Promise.all(urls.map(ask))) console.log(JSON.stringify(answer))
