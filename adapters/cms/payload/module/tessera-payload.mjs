/**
 * Tells Tessera which documents of a Payload site have changed: a plugin for payload.config, without dependencies.
 *
 *   import { tessera } from './tessera-payload.mjs'
 *   export default buildConfig({
 *     plugins: [tessera({ url: 'https://tessera.example/webhooks/cms/NAME', secret: process.env.PAYLOAD_WEBHOOK_SECRET,
 *                         collections: ['articles', 'tags', 'media'] })],
 *   })
 *
 * A change is announced after it is committed, in the background: an editor's save neither waits for Tessera nor fails
 * with it. What is sent names documents and holds nothing of them but the time of the last save of what is published,
 * so that Tessera knows an older answer by it:
 *
 *   POST url
 *   Tessera-Signature: t=<seconds>,v1=<hex HMAC-SHA256 of "<seconds>.<body>">
 *   {"notices": [{"id": "articles.12", "type": "articles", "version": "2026-11-21T12:00:00.000Z"}]}
 *
 * A notice that is not accepted is sent again after 1, 2, 4 … seconds, up to `attempts` times; what is lost then,
 * Tessera's regular sweep finds. Runs on Node 20 or later.
 */
import { createHmac } from 'node:crypto'

const MOST_NOTICES = 500 // a request
const MOST_WAITING = 10_000
const LONGEST_WAIT_MS = 60_000
const AGAIN = new Set([408, 425, 429])

/**
 * @param {object} options
 * @param {string} options.url Tessera's address for this source.
 * @param {string} options.secret As in Tessera's settings; at least 16 characters.
 * @param {string[]} options.collections Slugs: those that Tessera reads, and those that they refer to.
 * @param {'qualified' | 'plain'} [options.ids] As in Tessera's settings.
 * @param {number} [options.delayMs] From the end of the transaction to the notice; saves within it go together.
 * @param {number} [options.commitMs] How long a transaction may take; then the notice goes all the same.
 * @param {number} [options.timeoutMs] Of one request.
 * @param {number} [options.attempts] Requests for one notice.
 * @param {number} [options.waitMs] Before the second request; doubled before each further one.
 * @param {(work: Promise<void>) => void} [options.waitUntil] Keeps a serverless function alive until the notice is sent.
 * @returns {(config: object) => object} A Payload plugin.
 */
export const tessera = (options) => {
  const settings = read(options)
  return (config) => {
    const known = new Set((config.collections ?? []).map(({ slug }) => slug))
    const missing = settings.collections.filter((slug) => !known.has(slug))
    if (missing.length) throw new Error(`tessera: no collection is called ${missing.join(', ')}`)
    const sender = new Sender(settings)
    return {
      ...config,
      collections: config.collections.map((collection) =>
        settings.collections.includes(collection.slug) ? announced(collection, sender) : collection,
      ),
    }
  }
}

const read = (options) => {
  const settings = {
    ids: 'qualified',
    delayMs: 250,
    commitMs: 30_000,
    timeoutMs: 5_000,
    attempts: 8,
    waitMs: 1_000,
    ...options,
  }
  if (!/^https?:\/\//.test(settings.url ?? '')) throw new Error('tessera: url: want http:// or https://')
  if ((settings.secret ?? '').length < 16) throw new Error('tessera: secret: want at least 16 characters')
  if (!settings.collections?.length) throw new Error('tessera: collections: want a list of slugs')
  if (!['qualified', 'plain'].includes(settings.ids)) throw new Error('tessera: ids: want qualified or plain')
  return settings
}

const announced = (collection, sender) => {
  const tell = (id, req, version) => {
    try {
      sender.changed(collection.slug, id, req, version)
    } catch (fault) {
      complain(req?.payload, fault) // whatever it is, the save goes on
    }
  }
  const { afterChange = [], afterDelete = [] } = collection.hooks ?? {}
  return {
    ...collection,
    hooks: {
      ...collection.hooks,
      // An autosave makes a version and leaves what is published alone. Of other drafts that cannot be known here:
      // one saved over a published document looks like its withdrawal.
      afterChange: [
        ...afterChange,
        ({ doc, req }) => {
          if (String(req?.query?.autosave) === 'true' && doc._status === 'draft') return
          tell(doc.id, req, versionOf(doc))
        },
      ],
      afterDelete: [...afterDelete, ({ id, req }) => tell(id, req)],
    },
  }
}

/** `updatedAt` of a published document, which the REST API shows and Tessera orders by; of all others nothing. */
const versionOf = ({ _status, updatedAt }) => {
  const moment = new Date(updatedAt ?? NaN)
  return (_status ?? 'published') === 'published' && !Number.isNaN(+moment) ? moment.toISOString() : undefined
}

class Sender {
  #settings
  #waiting = new Map() // notices by id, so that ten saves of one document are one notice
  #flushing = null

  constructor(settings) {
    this.#settings = settings
  }

  /** Returns at once; the notice goes when the transaction of the request is over. */
  changed(collection, id, req, version) {
    const { ids, waitUntil } = this.#settings
    const notice = { id: ids === 'plain' ? String(id) : `${collection}.${id}`, type: collection, version }
    const { payload } = req
    const work = this.#later(notice, payload, req.transactionID).catch((fault) => complain(payload, fault))
    waitUntil?.(work)
  }

  async #later(notice, payload, transaction) {
    await this.#committed(payload, await transaction)
    // More than anyone reads one by one: "something has changed, and not what" makes Tessera compare everything.
    if (this.#waiting.size >= MOST_WAITING) this.#waiting = new Map([['', {}]])
    const key = `${notice.type} ${notice.id}`
    const before = this.#waiting.get(key)?.version
    // A draft that is saved right after a publication says nothing of it. Such times sort as texts, too.
    if (before > (notice.version ?? '')) notice.version = before
    this.#waiting.set(key, notice)
    this.#flushing ??= this.#flush(payload)
    await this.#flushing
  }

  /** Hooks run before the commit: what Tessera fetched then would be the content of before. */
  async #committed(payload, transaction) {
    const end = Date.now() + this.#settings.commitMs
    while (transaction !== undefined && transaction !== null && Date.now() < end) {
      // Database adapters keep a session until its transaction is committed or rolled back.
      if (!payload.db?.sessions?.[transaction]) return
      await pause(20)
    }
  }

  async #flush(payload) {
    await pause(this.#settings.delayMs)
    const notices = [...this.#waiting.values()]
    this.#waiting = new Map()
    this.#flushing = null // what comes from here on goes with the next request
    for (let start = 0; start < notices.length; start += MOST_NOTICES) {
      await this.#send({ notices: notices.slice(start, start + MOST_NOTICES) }, payload)
    }
  }

  async #send(content, payload) {
    const { attempts, waitMs } = this.#settings
    const body = JSON.stringify(content)
    let fault
    for (let attempt = 1; attempt <= attempts; attempt++) {
      if (attempt > 1) {
        const grown = Math.min(waitMs * 2 ** (attempt - 2), LONGEST_WAIT_MS)
        await pause(grown * (0.5 + Math.random()))
      }
      fault = await this.#once(body)
      if (fault === null) return
      if (fault.final) break
    }
    complain(payload, new Error(`${content.notices.length} notices are not accepted: ${fault.reason}`))
  }

  /** Null where the request was accepted. */
  async #once(body) {
    const { url, secret, timeoutMs } = this.#settings
    try {
      const answer = await fetch(url, {
        method: 'POST',
        body,
        redirect: 'error',
        headers: { 'content-type': 'application/json', 'tessera-signature': sign(body, secret, Date.now()) },
        signal: AbortSignal.timeout(timeoutMs),
      })
      await answer.body?.cancel()
      if (answer.ok) return null
      return { reason: `status ${answer.status}`, final: answer.status < 500 && !AGAIN.has(answer.status) }
    } catch (fault) {
      return { reason: fault.cause?.code ?? fault.name, final: false }
    }
  }
}

/** The header's value for a body; `now` in milliseconds since the Unix epoch. */
export const sign = (body, secret, now) => {
  const moment = Math.floor(now / 1000)
  return `t=${moment},v1=${createHmac('sha256', secret).update(`${moment}.${body}`).digest('hex')}`
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const complain = (payload, fault) => {
  const text = `tessera: ${fault.message}`
  if (payload?.logger) payload.logger.error(text)
  else console.error(text)
}
