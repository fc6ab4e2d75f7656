// The parts of the contract that stand below our port: what a server says on the wire, kubectl's and every other client's business too.
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from '@jest/globals'
import { at, listAt, textAt } from '../../src/install/tree.ts'
import { openHttp } from '../../src/system/http.ts'
import type { Place } from '../cluster/plane-suite.ts'
import { type Case, cluster, fresh, NAMESPACE, type Subject } from './contract.ts'

export interface WireSubject extends Subject {
  readonly place: Place
}
type WireCase = Omit<Case, 'run'> & { readonly run: (ask: Ask, subject: WireSubject) => Promise<void> }
interface Answer {
  readonly status: number
  readonly text: string
  readonly json: unknown
}
interface Request {
  readonly body?: unknown
  readonly type?: string
  readonly token?: string
}
type Ask = (method: string, path: string, request?: Request) => Promise<Answer>

const CLUSTERS = `/apis/submariner.io/v1/namespaces/${NAMESPACE}/clusters`
const JSON_TYPE = 'application/json'

/** The same case for a subject with an address. */
export const wire = ({ run, ...rest }: WireCase): Case => ({
  ...rest,
  run: (subject) => run(askAt((subject as WireSubject).place), subject as WireSubject),
})

function askAt({ server, ca, token: own }: Place): Ask {
  const http = openHttp({ ca })
  return async (method, path, { body, type = JSON_TYPE, token = own } = {}) => {
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
    const headers = { ...(token !== '' && { authorization: `Bearer ${token}` }), ...(text !== undefined && { 'content-type': type }) }
    const answer = await http.ask({ url: server + path, method, headers, timeoutMs: 30_000, ...(text !== undefined && { body: text }) })
    return { status: answer.status, text: answer.text, json: parsed(answer.text) }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const statusOf = ({ status, json }: Answer): unknown => ({
  http: status,
  kind: at(json, 'kind'),
  code: at(json, 'code'),
  reason: at(json, 'reason'),
})
const refused = (code: number, reason: string): unknown => ({ http: code, kind: 'Status', code, reason })
const names = (answer: Answer): readonly string[] => listAt(answer.json, 'items').map((item) => textAt(item, 'metadata', 'name') ?? '')
const linesOf = ({ text }: Answer): readonly unknown[] => text.trim().split('\n').map(parsed)

export const WIRE: readonly Case[] = [
  wire({
    name: 'a list in pages is one picture of one version, whatever happens in between',
    run: async (ask, { api }) => {
      const group = fresh('g')
      const all = [1, 2, 3, 4, 5].map((n) => `${group}-${n}`)
      for (const name of all) await api.create(cluster(name, { labels: { group } }))
      const path = `${CLUSTERS}?labelSelector=group%3D${group}&limit=2`
      const first = await ask('GET', path)
      await api.create(cluster(`${group}-2x`, { labels: { group } }))
      await api.remove('Cluster', `${group}-4`, NAMESPACE)
      const pages = [first]
      for (let next = textAt(first.json, 'metadata', 'continue'); next !== undefined; ) {
        const page = await ask('GET', `${path}&continue=${encodeURIComponent(next)}`)
        pages.push(page)
        next = textAt(page.json, 'metadata', 'continue')
      }
      expect(pages.map(names)).toEqual([all.slice(0, 2), all.slice(2, 4), all.slice(4)])
      expect(new Set(pages.map((page) => textAt(page.json, 'metadata', 'resourceVersion'))).size).toBe(1)
    },
  }),
  wire({
    name: 'a continue token that is none is a bad request',
    run: async (ask) => expect(statusOf(await ask('GET', `${CLUSTERS}?limit=1&continue=rubbish`))).toEqual(refused(400, 'BadRequest')),
  }),
  wire({
    name: 'a watch with bookmarks sends one before its time runs out, and then ends',
    run: async (ask, { api }) => {
      const version = (await api.create(cluster())).metadata.resourceVersion
      const watching = ask('GET', `${CLUSTERS}?watch=true&allowWatchBookmarks=true&timeoutSeconds=5&resourceVersion=${version}`)
      // A real server sends none to a watch that has had no event.
      for (const _ of [1, 2, 3]) await wait(300).then(() => api.create(cluster()))
      const answer = await watching
      const marks = linesOf(answer).filter((line) => textAt(line, 'type') === 'BOOKMARK')
      expect(answer.status).toBe(200)
      expect(marks.length).toBeGreaterThan(0)
      for (const mark of marks) {
        expect(at(mark, 'object', 'kind')).toBe('Cluster')
        expect(Number(textAt(mark, 'object', 'metadata', 'resourceVersion'))).toBeGreaterThanOrEqual(Number(version))
      }
    },
  }),
  wire({
    name: 'a watch without a version begins with what is there',
    run: async (ask, { api }) => {
      const made = await api.create(cluster())
      const answer = await ask('GET', `${CLUSTERS}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3D${made.metadata.name}`)
      const events = linesOf(answer).map((line) => [textAt(line, 'type'), textAt(line, 'object', 'metadata', 'name')])
      expect(events).toEqual([['ADDED', made.metadata.name]])
    },
  }),
  wire({
    name: 'a path that is not served is 404 without a Status, an object that is not there 404 with one',
    run: async (ask) => {
      expect(await ask('GET', '/apis/nobody.example/v1/things')).toMatchObject({
        status: 404,
        text: expect.stringMatching(/^404 page not found/),
      })
      expect(statusOf(await ask('GET', `${CLUSTERS}/nothing`))).toEqual(refused(404, 'NotFound'))
    },
  }),
  wire({
    name: 'a request without a credential that counts is 401',
    run: async (ask) => expect(statusOf(await ask('GET', CLUSTERS, { token: 'nobody-has-it' }))).toEqual(refused(401, 'Unauthorized')),
  }),
  wire({
    name: 'what is no JSON, no object of the kind or of another namespace than the path is refused',
    run: async (ask) => {
      expect(statusOf(await ask('POST', CLUSTERS, { body: '{"a":' }))).toEqual(refused(400, 'BadRequest'))
      expect([400, 422]).toContain((await ask('POST', CLUSTERS, { body: { ...cluster(), kind: 'Endpoint' } })).status)
      expect(statusOf(await ask('POST', CLUSTERS, { body: cluster(fresh(), { namespace: 'elsewhere' }) }))).toEqual(
        refused(400, 'BadRequest'),
      )
    },
  }),
  wire({
    name: 'a content type that a patch cannot have is 415',
    run: async (ask, { api }) => {
      const { metadata } = await api.create(cluster())
      expect(statusOf(await ask('PATCH', `${CLUSTERS}/${metadata.name}`, { body: {}, type: 'text/plain' }))).toEqual(
        refused(415, 'UnsupportedMediaType'),
      )
    },
  }),
  wire({
    name: 'an object that carries a version cannot be created',
    run: async (ask) => {
      const answer = await ask('POST', CLUSTERS, { body: cluster(fresh(), { resourceVersion: '7' }) })
      expect([400, 422, 500]).toContain(answer.status)
      expect(at(answer.json, 'message')).toMatch(/resourceVersion (should|can) not be set/)
    },
  }),
  wire({
    name: 'deletecollection removes what has the labels, and nothing else',
    run: async (ask, { api }) => {
      const group = fresh('g')
      for (const n of [1, 2]) await api.create(cluster(`${group}-${n}`, { labels: { group } }))
      await api.create(cluster(`${group}-3`))
      expect((await ask('DELETE', `${CLUSTERS}?labelSelector=group%3D${group}`)).status).toBe(200)
      const left = (await api.list('Cluster', { namespace: NAMESPACE })).items.map(({ metadata }) => metadata.name)
      expect(left.filter((name) => name.startsWith(group))).toEqual([`${group}-3`])
    },
  }),
  wire({
    name: 'discovery names the kinds with their plural and verbs',
    run: async (ask) => {
      const groups = listAt((await ask('GET', '/apis')).json, 'groups').map((group) => textAt(group, 'name'))
      expect(groups).toEqual(expect.arrayContaining(['submariner.io', 'coordination.k8s.io']))
      const resources = listAt((await ask('GET', '/apis/submariner.io/v1')).json, 'resources')
      const found = resources.find((resource) => textAt(resource, 'name') === 'clusters')
      expect(found).toMatchObject({
        kind: 'Cluster',
        namespaced: true,
        verbs: expect.arrayContaining(['create', 'get', 'list', 'patch', 'watch']),
      })
      expect(listAt((await ask('GET', '/api/v1')).json, 'resources').map((resource) => textAt(resource, 'name'))).toContain('secrets')
    },
  }),
  wire({
    name: 'the server says its version and that it is well',
    run: async (ask) => {
      expect(textAt((await ask('GET', '/version')).json, 'gitVersion')).toMatch(/^v\d+\.\d+\.\d+/)
      for (const path of ['/healthz', '/livez', '/readyz'])
        expect(await ask('GET', path)).toMatchObject({ status: 200, text: expect.stringMatching(/^ok/) })
    },
  }),
  wire({
    name: 'a JSON patch is taken as RFC 6902 has it, and one whose test fails changes nothing',
    run: async (ask, { api }) => {
      const { metadata } = await api.create(cluster(fresh(), { labels: { a: '1' } }))
      const type = 'application/json-patch+json'
      const path = `${CLUSTERS}/${metadata.name}`
      const good = await ask('PATCH', path, { type, body: [{ op: 'add', path: '/metadata/labels/b', value: '2' }] })
      expect(at(good.json, 'metadata', 'labels')).toMatchObject({ a: '1', b: '2' })
      const bad = await ask('PATCH', path, { type, body: [{ op: 'test', path: '/metadata/labels/a', value: '9' }] })
      expect([409, 422, 500]).toContain(bad.status)
    },
  }),
]
