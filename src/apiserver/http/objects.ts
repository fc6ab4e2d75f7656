// Requests for objects become reads and writes here.
import { mayAsk } from '../access/rights.ts'
import { type Json, parseStored } from '../objects/json.ts'
import { APPLY } from '../objects/patch.ts'
import { badRequest, notFound, unsupported } from '../objects/status.ts'
import { listPage, listText } from '../reads/list.ts'
import { type Selection, selectOf } from '../reads/select.ts'
import { type RowObject, type TableOptions, tableText } from '../reads/table.ts'
import { plainEvent, type WatchAsk, type WriteEvent } from '../reads/watch.ts'
import type { Item } from '../storage/item.ts'
import type { Call, World, Written } from '../writes/call.ts'
import { createObject } from '../writes/create.ts'
import { PATCHES, patchObject } from '../writes/patch.ts'
import { readOptions, removeObject, removeObjects } from '../writes/remove.ts'
import { unknownFields } from '../writes/strict.ts'
import { replaceObject } from '../writes/update.ts'
import { type Answer, type Ask, isOn, wantsTable } from './ask.ts'
import { readBody, readObjectBody } from './body.ts'
import type { Target } from './path.ts'
import { refusal, resourceAsk } from './verbs.ts'

type Objects = Extract<Target, { what: 'objects' }>
/** A whole answer, or a watch to be streamed. */
export type Reply = { readonly answer: Answer } | { readonly watch: WatchAsk; readonly isAllowed: () => boolean }

/** Answers a request for objects. Throws StatusError. */
export async function answerObjects(world: World, ask: Ask, target: Objects): Promise<Reply> {
  const wanted = resourceAsk(ask, target)
  const isAllowed = (): boolean => mayAsk(ask.user, wanted, world.state)
  if (!isAllowed()) throw refusal(ask.user, target, wanted)
  if (wanted.verb === 'watch') return { watch: watchAsk(world, ask, target), isAllowed }
  return { answer: await answer(world, ask, { target, verb: wanted.verb }) }
}

async function answer(world: World, ask: Ask, { target, verb }: { target: Objects; verb: string }): Promise<Answer> {
  const { served, namespace, name, subresource } = target
  const call: Call = { served, namespace, name, subresource, user: ask.user, dryRun: dryRunOf(ask.query) }
  if (verb === 'get') return getObject(world, ask, target)
  if (verb === 'list') return listObjects(world, ask, target)
  if (verb === 'delete') return removed(world, ask, call)
  if (verb === 'deletecollection') return removedAll(world, ask, { target, call })
  const isPatch = verb === 'patch'
  if (isPatch && !PATCHES.includes(ask.type)) throw unsupported(PATCHES)
  const body = isPatch ? readBody(ask.body, ask.type) : readObjectBody(ask.body, ask.type)
  const warnings = unknownFields(served, body, ask.query.get('fieldValidation') ?? '')
  if (isPatch) return { ...objectAnswer(await patched(world, ask, { target, call, body })), warnings }
  return { ...objectAnswer(await (verb === 'create' ? createObject : replaceObject)(world, call, body)), warnings }
}

const objectAnswer = ({ text, isNew }: Written): Answer => ({ code: isNew ? 201 : 200, text })

function dryRunOf(query: URLSearchParams): boolean {
  const values = query.getAll('dryRun').filter((value) => value !== '')
  if (values.some((value) => value !== 'All')) throw badRequest('dryRun: Unsupported value: supported values: "All"')
  return values.length > 0
}

function getObject({ state, now }: World, { accept }: Ask, { served, namespace, name }: Objects): Answer {
  const item = state.get(served.kind, namespace, name)
  if (item === undefined) throw notFound(served, name)
  if (!wantsTable(accept)) return { code: 200, text: item.text }
  const options = { served, now: now(), include: 'Metadata' as const }
  return { code: 200, text: tableText([item], options, { version: item.version, next: undefined, remaining: undefined }) }
}

function selection({ query }: Ask, { served, namespace, name }: Objects): Selection {
  return {
    served,
    namespace,
    name,
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
  }
}

function listObjects(world: World, ask: Ask, target: Objects): Answer {
  const { query, accept } = ask
  const { served, namespace } = target
  const wanted = selection(ask, target)
  const page = listPage(world.state, {
    served,
    namespace,
    select: selectOf(wanted),
    isSelective: wanted.labelSelector !== '' || wanted.fieldSelector !== '',
    limit: wholeNumber(query, 'limit'),
    next: query.get('continue') ?? '',
    version: query.get('continue') ? '' : (query.get('resourceVersion') ?? ''),
    match: query.get('continue') ? '' : (query.get('resourceVersionMatch') ?? ''),
  })
  if (wantsTable(accept)) return { code: 200, text: tableText(page.items, tableOptions(world, ask, target), page) }
  return {
    code: 200,
    text: listText(
      served,
      page.items.map(({ text }) => text),
      page,
    ),
  }
}

/** A number of a parameter; 0 where there is none. */
export function wholeNumber(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? ''
  if (text === '') return 0
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`${name}: Invalid value: ${JSON.stringify(text.slice(0, 100))}: must be a whole number`)
  return Number(text)
}

function tableOptions({ now }: World, { query }: Ask, { served }: Objects): TableOptions {
  const include = query.get('includeObject') ?? 'Metadata'
  if (!['Metadata', 'Object', 'None'].includes(include)) throw badRequest('includeObject: supported values: Metadata, Object, None')
  return { served, now: now(), include: include as RowObject }
}

function watchAsk(world: World, ask: Ask, target: Objects): WatchAsk {
  const { served, namespace } = target
  const initial = isOn(ask.query, 'sendInitialEvents')
  if (initial && ask.query.get('resourceVersionMatch') !== 'NotOlderThan')
    throw badRequest('sendInitialEvents: Forbidden: resourceVersionMatch must be NotOlderThan')
  const write = wantsTable(ask.accept) ? tableEvents(world, ask, target) : plainEvent
  return { served, namespace, select: selectOf(selection(ask, target)), version: ask.query.get('resourceVersion') ?? '', initial, write }
}

function tableEvents(world: World, ask: Ask, target: Objects): WriteEvent {
  return (type, item) => {
    const page = { version: item.version, next: undefined, remaining: undefined }
    return `{"type":"${type}","object":${tableText([item], tableOptions(world, ask, target), page)}}\n`
  }
}

function patched(world: World, ask: Ask, { target, call, body }: { target: Objects; call: Call; body: unknown }): Promise<Written> {
  const mayCreate = (): void => {
    const wanted = { ...resourceAsk(ask, target), verb: 'create' }
    if (!mayAsk(ask.user, wanted, world.state)) throw refusal(ask.user, target, wanted)
  }
  const manager = ask.query.get('fieldManager') ?? ''
  if (ask.type === APPLY && manager === '')
    throw badRequest('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch')
  return patchObject(world, call, { type: ask.type, body, manager, force: isOn(ask.query, 'force') }, mayCreate)
}

async function removed(world: World, ask: Ask, call: Call): Promise<Answer> {
  const { dryRun, ...preconditions } = readOptions(readObjectBody(ask.body, ask.type))
  const { text, isNew } = await removeObject(world, { ...call, dryRun: call.dryRun || dryRun }, preconditions)
  // With finalizers, and namespaces that are not empty at once, the object is still there.
  return { code: 200, text: isNew ? text : JSON.stringify(success(call, text)) }
}

function success({ served, name }: Call, text: string): Json {
  const { uid } = parseStored(text).metadata
  const details = { name, ...(served.group !== '' && { group: served.group }), kind: served.plural, uid }
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
}

async function removedAll(world: World, ask: Ask, { target, call }: { target: Objects; call: Call }): Promise<Answer> {
  const { dryRun } = readOptions(readObjectBody(ask.body, ask.type))
  const select: (item: Item) => boolean = selectOf(selection(ask, target))
  const texts = await removeObjects(world, { ...call, dryRun: call.dryRun || dryRun }, select)
  return { code: 200, text: listText(call.served, texts, { version: world.state.version, next: undefined, remaining: undefined }) }
}
